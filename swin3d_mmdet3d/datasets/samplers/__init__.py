"""Batch samplers; those for configs are registered in DATA_SAMPLERS."""

from .positioned_batch_sampler import PositionedBatchSampler, StreamPlace
from .single_source_batch_sampler import SingleSourceBatchSampler

__all__ = ['PositionedBatchSampler', 'SingleSourceBatchSampler', 'StreamPlace']
