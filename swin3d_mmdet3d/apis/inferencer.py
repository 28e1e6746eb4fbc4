"""Inferencer: from a config, a checkpoint and a scan to a class label for every point."""

from __future__ import annotations

import os

import numpy as np
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader

from swin3d_mmdet3d.geometry import estimate_normals
from swin3d_mmdet3d.structures.normal_points import NormalPoints

from .config_files import find_config
from .scan_files import Scan

# Transforms that read files of a data set; the points of a scan are in memory.
_READERS = (
    'LoadColoredPoints',
    'LoadPointsFromFile',
    'LoadNormals',
    'LoadAnnotations3D',
    'MapSemanticLabels',
    'PointSegClassMapping',
)
_GREY = 127.5
_KEYS_NAMED = 6


class Swin3DInferencer:
    """Label scans with a trained segmentation model.

    Args:
        config: a config, its file, or the name of a config of this package.
        checkpoint: checkpoint file; its keys must be those of the model, all of them.
        device: such as 'cpu' or 'cuda:0'.

    Raises:
        ValueError: when the config or the checkpoint is not there, the config has no test pipeline or
            class names, or the checkpoint is of another model; unmatched keys are named.
    """

    def __init__(
        self, config: str | os.PathLike | Config, checkpoint: str | os.PathLike, device: str = 'cpu'
    ):
        self.config = config if isinstance(config, Config) else Config.fromfile(find_config(config))
        init_default_scope(self.config.get('default_scope', 'mmdet3d'))
        self.device = torch.device(device)
        state, meta = _read_checkpoint(checkpoint)
        self.model = MODELS.build(self.config.model)
        load_strictly(self.model, state, str(checkpoint))
        self.model.to(self.device).eval()
        self.names, self.palette = _classes(meta, self.config)
        pipeline = _test_pipeline(self.config)
        self.needs_normals = any(step['type'] == 'LoadNormals' for step in pipeline)
        self.pipeline = Compose([step for step in pipeline if step['type'] not in _READERS])

    def __call__(self, scan: Scan) -> np.ndarray:
        """The class index of every point, (P,) int64, in the order of the scan.

        Missing colours become mid-grey and missing normals are estimated where the model needs them;
        either is logged.

        Raises:
            ValueError: when the model does not give a label for every point.
        """
        data = self.pipeline(dict(points=NormalPoints.from_columns(self._columns(scan))))
        with torch.no_grad():
            (sample,) = self.model.test_step(pseudo_collate([data]))
        label = sample.pred_pts_seg.pts_semantic_mask
        label = torch.as_tensor(label).cpu().numpy().astype(np.int64)
        if label.shape != (len(scan),):
            raise ValueError(f'the model gave labels {label.shape} for {len(scan)} points')
        if label.min() < 0 or label.max() >= len(self.names):
            raise ValueError(f'the model gave label {label.max()}, there are {len(self.names)} class names')
        return label

    def _columns(self, scan: Scan) -> torch.Tensor:
        """(P, 6) or (P, 9) float32: xyz from the scan's lowest corner, rgb, and normals if needed."""
        color = scan.color
        if color is None:
            print_log('the scan has no colours: mid-grey is taken for all points', logger='current')
            color = np.full(scan.xyz.shape, _GREY, dtype=np.float32)
        # Moved in float64: far from the origin float32 would merge neighbouring points.
        parts = [scan.xyz - scan.xyz.min(axis=0), color]
        if self.needs_normals:
            normal = scan.normal
            if normal is None:
                print_log('the scan has no normals: they are estimated from its points', logger='current')
                normal = estimate_normals(scan.xyz)
            parts.append(normal)
        return torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))


def load_strictly(model: torch.nn.Module, state: dict, source: str) -> None:
    """Load weights into a model that has exactly these keys and shapes.

    Args:
        model: the model.
        state: its state dict.
        source: where the weights come from, for the message.

    Raises:
        ValueError: naming the keys that are missing, unknown or of another shape; the model is then
            unchanged.
    """
    own = model.state_dict()
    problems = {
        'missing': [key for key in own if key not in state],
        'unknown': [key for key in state if key not in own],
        'of another shape': [key for key in own if key in state and own[key].shape != state[key].shape],
    }
    if any(problems.values()):
        told = '; '.join(f'{len(keys)} {kind}: {_some(keys)}' for kind, keys in problems.items() if keys)
        raise ValueError(f'{source} is a checkpoint of another model than the config: {told}')
    model.load_state_dict(state, strict=True)


def _some(keys: list[str]) -> str:
    more = f', and {len(keys) - _KEYS_NAMED} more' if len(keys) > _KEYS_NAMED else ''
    return ', '.join(keys[:_KEYS_NAMED]) + more


def _read_checkpoint(checkpoint: str | os.PathLike) -> tuple[dict, dict]:
    """State dict and meta of a checkpoint file."""
    try:
        content = CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu')
    except FileNotFoundError as error:
        raise ValueError(f'checkpoint {checkpoint}: no such file') from error
    if not isinstance(content, dict):
        raise ValueError(f'checkpoint {checkpoint}: expected a dict, got {type(content).__name__}')
    state = content.get('state_dict', content)
    tensors = {key: value for key, value in state.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f'checkpoint {checkpoint}: it holds no weights, only {_some([*map(str, content)])}')
    # Models trained on several GPUs carry the name of their wrapper.
    state = {key.removeprefix('module.'): value for key, value in tensors.items()}
    return state, content.get('meta', {})


def _classes(meta: dict, config: Config) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Class names and palette: the checkpoint's, else those of the config's test data set."""
    dataset = _innermost_dataset(config)
    registered = DATASETS.get(dataset.get('type', '')) if dataset else None
    sources = (meta.get('dataset_meta'), dataset.get('metainfo'), getattr(registered, 'METAINFO', None))
    for source in sources:
        if source and source.get('classes') and source.get('palette'):
            palette = tuple(tuple(int(channel) for channel in color) for color in source['palette'])
            return tuple(source['classes']), palette
    raise ValueError('neither the checkpoint nor the config names classes and palette')


def _innermost_dataset(config: Config) -> dict:
    """The test data set's config, out of its wrappers; empty where there is none."""
    dataset = (config.get('test_dataloader') or {}).get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def _test_pipeline(config: Config) -> list[dict]:
    """The transforms of the config's test data set."""
    pipeline = _innermost_dataset(config).get('pipeline') or config.get('test_pipeline')
    if not pipeline:
        raise ValueError('config: expected a test pipeline in test_dataloader.dataset.pipeline, found none')
    return pipeline
