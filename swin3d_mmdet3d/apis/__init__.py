"""Programming interface: read scans, label them with a trained model, score and save the result."""

from .config_files import find_config
from .inferencer import Swin3DInferencer, load_strictly
from .labelled_scan_files import write_labelled_scan
from .scan_files import Scan, make_scan, read_scan
from .segmentation_score import class_iou, iou_table, match_labels

__all__ = [
    'Scan',
    'Swin3DInferencer',
    'class_iou',
    'find_config',
    'iou_table',
    'load_strictly',
    'make_scan',
    'match_labels',
    'read_scan',
    'write_labelled_scan',
]
