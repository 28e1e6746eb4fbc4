"""Programming interface: read scans, label them or find boxes with a trained model, save the result."""

from ..scan_files import Scan, ScanFrame, make_scan, read_scan
from .boxed_scan_files import write_boxed_scan
from .config_files import find_config, restates_data_root, set_data_root, set_iterations
from .detected_boxes import DetectedBoxes, read_boxes, write_boxes
from .inferencer import Swin3DInferencer
from .label_names import match_labels
from .labelled_scan_files import write_labelled_scan
from .report_hook import TestReportHook
from .result_files_hook import ResultFilesHook
from .scan_inputs import ScanInput, scan_inputs
from .scan_prediction import ScanPrediction

__all__ = [
    'DetectedBoxes',
    'ResultFilesHook',
    'Scan',
    'ScanFrame',
    'ScanInput',
    'ScanPrediction',
    'Swin3DInferencer',
    'TestReportHook',
    'find_config',
    'make_scan',
    'match_labels',
    'read_boxes',
    'read_scan',
    'restates_data_root',
    'scan_inputs',
    'set_data_root',
    'set_iterations',
    'write_boxed_scan',
    'write_boxes',
    'write_labelled_scan',
]
