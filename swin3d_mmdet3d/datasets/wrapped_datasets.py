"""Data sets within wrappers such as RepeatDataset and ConcatDataset."""

from __future__ import annotations

from typing import Any

from mmengine.dataset import BaseDataset


def data_sets_within(dataset: Any) -> list[BaseDataset]:
    """The data sets themselves, whatever repeats, joins or balances them, each as often as it occurs."""
    if hasattr(dataset, 'datasets'):
        return [inner for part in dataset.datasets for inner in data_sets_within(part)]
    return [dataset] if not hasattr(dataset, 'dataset') else data_sets_within(dataset.dataset)
