"""Transforms of single objects."""
