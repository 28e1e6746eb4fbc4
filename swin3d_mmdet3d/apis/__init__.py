"""Programming interface: read scans, label them or find boxes with a trained model, save the result."""

from ..scan_files import Scan, make_scan, read_scan
from .boxed_scan_files import write_boxed_scan
from .config_files import find_config, restates_data_root, set_data_root, set_iterations
from .detected_boxes import DetectedBoxes, read_boxes, write_boxes
from .inferencer import BoxInferencer, ScanInferencer, Swin3DInferencer, make_inferencer
from .label_names import match_labels
from .labelled_scan_files import write_labelled_scan
from .result_files_hook import ResultFilesHook

__all__ = [
    'BoxInferencer',
    'DetectedBoxes',
    'ResultFilesHook',
    'Scan',
    'ScanInferencer',
    'Swin3DInferencer',
    'find_config',
    'make_inferencer',
    'make_scan',
    'match_labels',
    'read_boxes',
    'read_scan',
    'restates_data_root',
    'set_data_root',
    'set_iterations',
    'write_boxed_scan',
    'write_boxes',
    'write_labelled_scan',
]
