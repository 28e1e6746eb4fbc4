"""Inferencers: from a config, a checkpoint and a scan to a label for every point, or to boxes."""

from __future__ import annotations

import os

import numpy as np
import torch
from mmdet3d.models.detectors import Base3DDetector
from mmdet3d.registry import MODELS
from mmdet3d.structures import Box3DMode, DepthInstance3DBoxes, Det3DDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope

from ..checkpoints import load_strictly, read_checkpoint
from ..datasets.class_agreement import head_classes
from ..scan_files import Scan, known_colors, known_normals, turn_about_z
from ..structures.normal_points import NormalPoints
from .config_files import find_config
from .detected_boxes import DetectedBoxes
from .model_files import class_names, test_pipeline

# Transforms that read files of a data set; the points of a scan are in memory, in a frame of their own.
_READERS = (
    'LoadColoredPoints',
    'LoadPointsFromFile',
    'LoadNormals',
    'LoadSceneAnnotations',
    'LoadAnnotations3D',
    'MapSemanticLabels',
    'PointSegClassMapping',
    'GlobalAlignment',
)


class ScanInferencer:
    """Run a trained model on scans.

    Args:
        config: A config, its file, or the name of a config of this package.
        checkpoint: Checkpoint file; its keys must be those of the model, all of them.
        device: Such as 'cpu' or 'cuda:0'.

    Raises:
        ValueError: When the config or the checkpoint is not there, the config has no test pipeline or
            class names, or the checkpoint is of another model or has NaN or infinite weights; the keys are
            named.
    """

    def __init__(
        self, config: str | os.PathLike | Config, checkpoint: str | os.PathLike, device: str = 'cpu'
    ):
        self.config = read_config(config)
        self.device = torch.device(device)
        state, meta = read_checkpoint(checkpoint)
        self.model = MODELS.build(self.config.model)
        load_strictly(self.model, state, str(checkpoint))
        self.model.to(self.device).eval()
        self.names, self.palette = class_names(meta, self.config, head_classes(self.model))
        self.voxel_size = getattr(self.model.data_preprocessor, 'voxel_size', None)
        pipeline = test_pipeline(self.config)
        self.needs_normals = any(step['type'] == 'LoadNormals' for step in pipeline)
        self.pipeline = Compose([step for step in pipeline if step['type'] not in _READERS])

    def run(self, scan: Scan) -> Det3DDataSample:
        """What the model predicts, in metres from the scan's lowest corner.

        Missing colours become mid-grey and missing normals are estimated where the model needs them;
        either is logged.
        """
        points = NormalPoints.from_columns(self._columns(scan))
        data = self.pipeline(
            dict(points=points, box_type_3d=DepthInstance3DBoxes, box_mode_3d=Box3DMode.DEPTH)
        )
        with torch.no_grad():
            (sample,) = self.model.test_step(pseudo_collate([data]))
        return sample

    def _columns(self, scan: Scan) -> torch.Tensor:
        """(P, 6) or (P, 9) float32: xyz from the scan's lowest corner, rgb, and normals if needed."""
        # Moved in float64: far from the origin float32 would merge neighbouring points.
        parts = [scan.xyz - scan.xyz.min(axis=0), known_colors(scan)]
        if self.needs_normals:
            parts.append(known_normals(scan))
        return torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))


class Swin3DInferencer(ScanInferencer):
    """Label scans with a trained segmentation model; arguments are those of `ScanInferencer`."""

    def __call__(self, scan: Scan) -> np.ndarray:
        """The class index of every point, (P,) int64, in the order of the scan.

        Raises:
            ValueError: When the model does not give a label for every point.
        """
        label = self.run(scan).pred_pts_seg.pts_semantic_mask
        label = torch.as_tensor(label).cpu().numpy().astype(np.int64)
        if label.shape != (len(scan),):
            raise ValueError(f'the model gave labels {label.shape} for {len(scan)} points')
        if label.min() < 0 or label.max() >= len(self.names):
            raise ValueError(f'the model gave label {label.max()}, there are {len(self.names)} class names')
        return label


class BoxInferencer(ScanInferencer):
    """Find the boxes of objects in scans with a trained detector; arguments are those of `ScanInferencer`."""

    def __call__(self, scan: Scan, turn: float = 0.0) -> DetectedBoxes:
        """The boxes, best first, in the scan's own frame.

        Detectors of axis-aligned boxes are trained on rooms whose walls lie along the axes.

        Args:
            scan: The scan.
            turn: Angle in radians about z, counter-clockwise from above, by which to turn the scan for the
                detector, such as `wall_turn` gives; boxes are turned back and have that yaw.

        Raises:
            ValueError: When the model gives a label without a name.
        """
        scan = turn_about_z(scan, turn)
        boxes = DetectedBoxes.of_instances(self.run(scan).pred_instances_3d)
        label = boxes.label
        if len(label) and (label.min() < 0 or label.max() >= len(self.names)):
            raise ValueError(f'the model gave label {label.max()}, there are {len(self.names)} class names')
        return boxes.best_first().moved(scan.xyz.min(axis=0)).turned(-turn)


def read_config(config: str | os.PathLike | Config) -> Config:
    """The config itself, of a file or of a name; its registry scope becomes the default.

    Raises:
        ValueError: When there is no such config.
    """
    config = config if isinstance(config, Config) else Config.fromfile(find_config(config))
    init_default_scope(config.get('default_scope', 'mmdet3d'))
    return config


def make_inferencer(
    config: str | os.PathLike | Config, checkpoint: str | os.PathLike, device: str = 'cpu'
) -> ScanInferencer:
    """The inferencer that the config's model calls for: boxes of a detector, else labels of points.

    Arguments and errors are those of `ScanInferencer`.
    """
    config = read_config(config)
    is_detector = issubclass(MODELS.get(config.model.type), Base3DDetector)
    return (BoxInferencer if is_detector else Swin3DInferencer)(config, checkpoint, device)
