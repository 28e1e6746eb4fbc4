"""Settings of data sets that configs wrap in others, such as RepeatDataset."""

from __future__ import annotations

from collections.abc import Mapping

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
"""The loaders of a config."""


def innermost_dataset(settings: Mapping) -> Mapping:
    """The settings of the data set itself, out of its wrappers; changes to them are changes to the config."""
    while 'dataset' in settings:
        settings = settings['dataset']
    return settings
