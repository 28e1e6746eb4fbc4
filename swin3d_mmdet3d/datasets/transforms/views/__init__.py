"""Views of a sample for pretraining."""
