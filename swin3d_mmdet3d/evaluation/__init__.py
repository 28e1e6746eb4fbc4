"""Metrics, registered in METRICS, result files of tests and benchmark submissions."""

from .confusion_matrix import SegmentationScores, confusion_matrix, scores_table, segmentation_scores
from .confusion_metric import ConfusionSegMetric
from .indoor_metric import PresentClassIndoorMetric
from .linear_svm import LinearSVMMetric
from .object_accuracy import ObjectAccuracy, PartIoUMetric
from .per_condition_metric import PerConditionMetric
from .prediction_file import PredictionFile
from .run_scores import RunScores, merge_areas
from .submission_files import check_submission, write_submission
from .submission_metric import SegSubmission

__all__ = [
    'ConfusionSegMetric',
    'LinearSVMMetric',
    'ObjectAccuracy',
    'PartIoUMetric',
    'PerConditionMetric',
    'PredictionFile',
    'PresentClassIndoorMetric',
    'SegSubmission',
    'SegmentationScores',
    'RunScores',
    'check_submission',
    'confusion_matrix',
    'merge_areas',
    'scores_table',
    'segmentation_scores',
    'write_submission',
]
