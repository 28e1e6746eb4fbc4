"""The inferencer: from a config, a checkpoint and scans to labels of points, or to boxes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
import torch
from mmdet3d.models.detectors import Base3DDetector
from mmdet3d.registry import MODELS
from mmdet3d.structures import Box3DMode, DepthInstance3DBoxes, Det3DDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar

from ..checkpoints import load_strictly, read_checkpoint
from ..datasets.class_agreement import head_classes
from ..scan_files import METRES_Z_UP, Scan, ScanFrame, known_colors, known_normals, turn_about_z
from ..structures.normal_points import NormalPoints
from ..structures.row_slices import row_slices
from ..visualization import room_yaw
from .config_files import read_config_file
from .detected_boxes import DetectedBoxes
from .model_files import LABEL_READERS, POINT_READERS, class_names, test_pipeline
from .scan_inputs import Input, scan_inputs
from .scan_prediction import ScanPrediction
from .trained_model import trained_model


class Swin3DInferencer:
    """Label the points of scans by a trained segmentor, or find boxes by a trained detector.

    Args:
        config: A config, its file, or the name of a config of this package. Without a checkpoint, a trained
            model that travels with the package: 'seg' or None (labels of S3DIS), 'seg-scannet', or 'det'
            (boxes of ScanNet).
        checkpoint: Checkpoint file; its keys must be those of the model, all of them.
        device: Such as 'cpu' or 'cuda:0'; None for the first GPU where there is one, else the CPU.

    Attributes:
        names: Of the classes.
        palette: Of the classes, each channel 0..255.
        is_detector: Whether the model finds boxes.

    Raises:
        ValueError: When the config or the checkpoint is not there, or one is given without the other, the
            config has no test pipeline or class names, the checkpoint is of another model or has NaN or
            infinite weights (the keys are named), or there is no such device.
    """

    def __init__(
        self,
        config: str | os.PathLike | Config | None = None,
        checkpoint: str | os.PathLike | None = None,
        device: str | None = None,
    ):
        config, checkpoint = trained_model(config, checkpoint)
        self.config = read_config(config)
        self.device = torch_device(device)
        pipeline = test_pipeline(self.config)
        state, meta = read_checkpoint(checkpoint)
        self.model = MODELS.build(self.config.model)
        load_strictly(self.model, state, str(checkpoint))
        self.model.to(self.device).eval()
        self.names, self.palette = class_names(meta, self.config, head_classes(self.model))
        self.is_detector = isinstance(self.model, Base3DDetector)
        self.voxel_size = getattr(self.model.data_preprocessor, 'voxel_size', None)
        self.needs_normals = any(step['type'] == 'LoadNormals' for step in pipeline)
        # the points of a scan are in memory, in a frame of their own
        readers = (*POINT_READERS, *LABEL_READERS)
        self.pipeline = Compose([step for step in pipeline if step['type'] not in readers])

    def __call__(
        self,
        inputs: Input | list[Input] | tuple[Input, ...],
        batch_size: int = 1,
        frame: ScanFrame = METRES_Z_UP,
        out: str | os.PathLike | None = None,
        formats: Sequence[str] | None = None,
    ) -> ScanPrediction | list[ScanPrediction]:
        """Predict one scan or several; a progress bar counts several.

        Args:
            inputs: A path, folder, array, dict, `Scan` or a list of these, as `scan_inputs` describes.
            batch_size: Scans that pass through the network together.
            frame: Unit and up axis of the scans' numbers.
            out: Folder in which each prediction is saved as soon as it is there; None saves none.
            formats: Of the files, as in `ScanPrediction.save`.

        Returns:
            The prediction of a single scan, or the list of those of a folder or a list.

        Raises:
            TypeError: For an input of another kind.
            ValueError: Naming the scan that cannot be read or predicted.
        """
        if not (isinstance(batch_size, int) and batch_size >= 1):
            raise ValueError(f'batch_size: expected a whole number above zero, got {batch_size!r}')
        found, single = scan_inputs(inputs, leave_out=out)
        predictions = []
        bar = None if single else ProgressBar(len(found))
        for start in range(0, len(found), batch_size):
            batch = found[start : start + batch_size]
            scans = [scan.read() for scan in batch]
            try:
                found_here = self.predict(scans, frame)
            except ValueError as error:
                raise ValueError(f'{", ".join(item.name for item in batch)}: {error}') from error
            for item, prediction in zip(batch, found_here):
                prediction = dataclasses.replace(prediction, name=item.name, source=item.path)
                if out is not None:
                    prediction.save(out, formats)
                predictions.append(prediction)
                if bar is not None:
                    bar.update()
        if bar is not None:
            bar.file.write('\n')
        return predictions[0] if single else predictions

    def predict(
        self, scans: Sequence[Scan], frame: ScanFrame = METRES_Z_UP, align_walls: bool = False
    ) -> list[ScanPrediction]:
        """Predict scans that are read, in one batch.

        Missing colours become mid-grey and missing normals are estimated where the model needs them;
        either is logged.

        Args:
            scans: The scans, in their own units and axes.
            frame: How their numbers become metres with z up.
            align_walls: Turn scans about the up axis so that walls lie along the axes before boxes are
                sought, and the boxes back, which then have a yaw: detectors of axis-aligned boxes are
                trained on such rooms.

        Raises:
            ValueError: When the model does not give a label for every point, or one without a name.
        """
        if not isinstance(frame, ScanFrame):
            raise TypeError(f'frame: expected a ScanFrame, got {type(frame).__name__}')
        upright = [frame.upright(scan) for scan in scans]
        turns = [_wall_turn(scan.xyz) if align_walls and self.is_detector else 0.0 for scan in upright]
        upright = [turn_about_z(scan, turn) for scan, turn in zip(upright, turns)]
        meta = dict(names=self.names, palette=self.palette, frame=frame)
        predictions = []
        for scan, seen, turn, sample in zip(scans, upright, turns, self._run(upright)):
            if self.is_detector:
                boxes = DetectedBoxes.of_instances(sample.pred_instances_3d).best_first()
                self._check_names(boxes.label)
                boxes = boxes.moved(seen.xyz.min(axis=0)).turned(-turn).in_frame(frame)
                predictions.append(ScanPrediction('scan', scan, boxes=boxes, **meta))
            else:
                labels, scores = self._labels(sample, len(scan))
                predictions.append(ScanPrediction('scan', scan, labels=labels, scores=scores, **meta))
        return predictions

    def _run(self, scans: Sequence[Scan]) -> list[Det3DDataSample]:
        """What the model predicts, in metres from each scan's lowest corner."""
        batch = []
        for scan in scans:
            points = NormalPoints.from_columns(self._columns(scan))
            data = dict(points=points, box_type_3d=DepthInstance3DBoxes, box_mode_3d=Box3DMode.DEPTH)
            batch.append(self.pipeline(data))
        with torch.no_grad():
            return self.model.test_step(pseudo_collate(batch))

    def _columns(self, scan: Scan) -> torch.Tensor:
        """(P, 6) or (P, 9) float32: xyz from the scan's lowest corner, rgb, and normals if needed."""
        columns = np.empty((len(scan), 9 if self.needs_normals else 6), dtype=np.float32)
        # Moved in float64: far from the origin float32 would merge neighbouring points.
        np.subtract(scan.xyz, scan.xyz.min(axis=0), out=columns[:, :3], casting='same_kind')
        columns[:, 3:6] = known_colors(scan)
        if self.needs_normals:
            columns[:, 6:] = known_normals(scan)
        return torch.from_numpy(columns)

    def _labels(self, sample: Det3DDataSample, points: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Labels (P,) int64, and their probabilities (P,) float32 where there are logits (C, P)."""
        label = torch.as_tensor(sample.pred_pts_seg.pts_semantic_mask)
        if label.shape != (points,):
            raise ValueError(f'the model gave labels {tuple(label.shape)} for {points} points')
        label = label.long()
        self._check_names(label.cpu().numpy())
        scores = None
        if 'pts_seg_logits' in sample:
            logits = torch.as_tensor(sample.pts_seg_logits.pts_seg_logits)
            scores, own = np.empty(points, dtype=np.float32), label.to(logits.device)
            for rows in row_slices(points):
                share = torch.softmax(logits[:, rows].float(), dim=0)
                scores[rows] = share.gather(0, own[None, rows])[0].cpu().numpy()
        return label.cpu().numpy(), scores

    def _check_names(self, label: np.ndarray) -> None:
        if len(label) and (label.min() < 0 or label.max() >= len(self.names)):
            raise ValueError(f'the model gave label {label.max()}, there are {len(self.names)} class names')


def read_config(config: str | os.PathLike | Config) -> Config:
    """The config itself, of a file or of a name; its registry scope becomes the default.

    Raises:
        ValueError: When there is no such config, or it cannot be read.
    """
    config = config if isinstance(config, Config) else read_config_file(config)
    init_default_scope(config.get('default_scope', 'mmdet3d'))
    return config


def torch_device(name: str | None) -> torch.device:
    """The device of a name; for None the first GPU where there is one, else the CPU.

    Raises:
        ValueError: When there is no such device.
    """
    if name is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f'device: expected cpu, cuda or cuda:N, got {name!r}') from error
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == 'cuda' and (device.index or 0) >= seen:
        raise ValueError(f'device: expected one that torch sees, got {name!r}; it sees {seen} GPUs')
    return device


def _wall_turn(xyz: np.ndarray) -> float:
    """The smallest turn in radians about z that lays a room's walls along the axes."""
    # Boxes are the same after a quarter turn.
    return float((np.pi / 4 - room_yaw(xyz)) % (np.pi / 2) - np.pi / 4)
