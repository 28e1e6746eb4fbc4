"""Comparison of pretraining methods: every method measured by one protocol on generated rooms."""

from .arms import Arm, keep_condition, load_arms, run_arm
from .measures import SEGMENTATION, Measurement
from .protocol import BASELINES, Protocol, labelled_scenes
from .results import SeedResults, read_results, write_results
from .tables import write_tables

__all__ = [
    'BASELINES',
    'SEGMENTATION',
    'Arm',
    'Measurement',
    'Protocol',
    'SeedResults',
    'keep_condition',
    'labelled_scenes',
    'load_arms',
    'read_results',
    'run_arm',
    'write_results',
    'write_tables',
]
