"""Batch samplers registered in DATA_SAMPLERS."""

from .single_source_batch_sampler import SingleSourceBatchSampler

__all__ = ['SingleSourceBatchSampler']
