"""Targets that a method makes of its own predictions."""

from .cluster_labels import OnlineLabels, StoredLabels

__all__ = ['OnlineLabels', 'StoredLabels']
