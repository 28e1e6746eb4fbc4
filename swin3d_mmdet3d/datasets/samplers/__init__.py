"""Batch samplers; those for configs are registered in DATA_SAMPLERS."""

from .mixed_source_batch_sampler import MixedSourceBatchSampler
from .positioned_batch_sampler import PositionedBatchSampler, StreamPlace
from .single_source_batch_sampler import SingleSourceBatchSampler

__all__ = ['MixedSourceBatchSampler', 'PositionedBatchSampler', 'SingleSourceBatchSampler', 'StreamPlace']
