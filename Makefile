PYTHON ?= python3
ARGS ?=

.PHONY: demo test test-all env
demo test test-all env:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
