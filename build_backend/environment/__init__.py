"""The parts of `bootstrap.py`: they run on the standard library alone, before there is an environment."""
