"""Comparison of pretraining methods: every method measured by one protocol on generated rooms."""

from .arms import Arm, keep_condition, load_arms, run_arm
from .measures import SEGMENTATION, Measurement, restrict_scenes
from .method_names import SHUFFLED, arms_of, method_and_arm, results_name
from .protocol import BASELINES, Protocol, labelled_scenes
from .results import SeedResults, read_results, write_results
from .students import put_student
from .tables import write_tables

__all__ = [
    'BASELINES',
    'SEGMENTATION',
    'SHUFFLED',
    'Arm',
    'Measurement',
    'Protocol',
    'SeedResults',
    'arms_of',
    'keep_condition',
    'labelled_scenes',
    'load_arms',
    'method_and_arm',
    'put_student',
    'read_results',
    'restrict_scenes',
    'results_name',
    'run_arm',
    'write_results',
    'write_tables',
]
