"""Semantic segmentation of whole scenes on sparse voxels."""

from __future__ import annotations

import torch
from mmdet3d.models.segmentors import Base3DSegmentor
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from torch import Tensor

from ...finite_values import check_finite_outputs
from ...structures import FeatureLevel, Levels, SparseVoxels
from ..decode_heads.voxel_head import VoxelHead
from ..encoding import encode_levels
from ..student_weights import weights_of
from ..voxel_labels import label_range, naming_scenes, voxel_labels
from .chunked_network import check_chunkable, chunked_logits, split_scenes

TEST_MODES = {'whole': set(), 'chunks': {'chunk_size', 'max_voxels'}}


@MODELS.register_module()
class VoxelSegmentor(Base3DSegmentor):
    """Backbone, neck and head over the voxels of a batch; predictions for every input point.

    Args:
        backbone: Config of a backbone ``(feats, voxels) -> tuple of (feats, voxels)``, fine to coarse.
        decode_head: Config of a head ``(feats, voxels) -> logits`` on the finest level, such as
            :class:`VoxelSegHead`.
        neck: Config of a decoder, see :func:`encode_levels`; without one the finest level is used.
        data_preprocessor: Config of a :class:`VoxelPreprocessor`.
        train_cfg: Accepted for mmdet3d's configs; nothing is read from it.
        test_cfg: ``dict(mode='whole')``, the default, or ``dict(mode='chunks', chunk_size=4.0,
            max_voxels=400000)``: in evaluation the finest level of scenes of more than ``max_voxels`` voxels
            is computed in cubes of ``chunk_size`` metres, with the same result and less memory.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``test_cfg`` is of another form, or its chunks do not suit the network.
    """

    def __init__(
        self,
        backbone: dict,
        decode_head: dict,
        neck: dict | None = None,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)
        self.decode_head = MODELS.build(decode_head)
        self.test_cfg = _check_test_cfg(test_cfg or dict(mode='whole'))
        if self.test_cfg['mode'] == 'chunks':
            check_chunkable(self.backbone, self.neck)

    def extract_feat(self, feats: Tensor, voxels: SparseVoxels) -> FeatureLevel:
        """Features ``(N, C)`` of the finest voxels, and those voxels."""
        return encode_levels(self.backbone, self.neck, feats, voxels).finest

    def encode(self, batch_inputs: dict) -> Levels:
        """All levels of backbone and neck for a batch, by name."""
        return encode_levels(self.backbone, self.neck, batch_inputs['feats'], batch_inputs['voxels'])

    def export(self) -> dict[str, dict[str, Tensor]]:
        """What labels pretrain for others: ``student.pth`` with the backbone and the neck."""
        return {'student.pth': weights_of(self.state_dict())}

    def voxel_logits(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Run the network alone.

        Args:
            feats: ``(N, in_channels)`` input features.
            voxels: The N voxels with their signals.

        Returns:
            ``(N, num_classes)`` logits in the row order of ``voxels``.
        """
        return self.decode_head(*self.extract_feat(feats, voxels))

    def encode_decode(self, batch_inputs: dict, batch_data_samples: list) -> list[Tensor]:
        """Logits of each scene's points: a ``(P, num_classes)`` tensor per scene."""
        feats, voxels = batch_inputs['feats'], batch_inputs['voxels']
        chunks = not self.training and self.test_cfg['mode'] == 'chunks'
        if chunks and len(voxels) > self.test_cfg['max_voxels']:
            edge = max(1, round(self.test_cfg['chunk_size'] / voxels.voxel_size))
            parts = (self.backbone, self.neck, self.decode_head)
            logits = torch.cat(
                [chunked_logits(*parts, *scene, edge) for scene in split_scenes(feats, voxels)]
            )
        else:
            logits = self.voxel_logits(feats, voxels)
        return [logits[rows] for rows in batch_inputs['point2voxel']]

    def loss(self, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]) -> dict[str, Tensor]:
        """Loss on voxels; a voxel's label is that of its representative point.

        Raises:
            ValueError: Naming the scene, if its labels are not one per point or no classes.
        """
        labels = voxel_labels(batch_inputs, batch_data_samples)
        if isinstance(self.decode_head, VoxelHead):
            label_range(labels, self.decode_head.ignore_index)  # before the network, while a GPU is idle
        finest = self.encode(batch_inputs).finest
        with naming_scenes(lambda: batch_inputs['voxels'].coords[:, 0], batch_data_samples):
            return self.decode_head.loss(*finest, labels)

    def loss_by_levels(
        self, levels: Levels, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]
    ) -> dict[str, Tensor]:
        """The loss of what :meth:`encode` gave for the batch."""
        labels = voxel_labels(batch_inputs, batch_data_samples)
        with naming_scenes(lambda: batch_inputs['voxels'].coords[:, 0], batch_data_samples):
            return self.decode_head.loss(*levels.finest, labels)

    def predict(self, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]) -> list[Det3DDataSample]:
        """Add ``pred_pts_seg`` (P,) and ``pts_seg_logits`` (num_classes, P) to each sample.

        Raises:
            ValueError: If logits are NaN or infinite, with the name of the scan.
        """
        logits = self.encode_decode(batch_inputs, batch_data_samples)
        for scene, sample in zip(logits, batch_data_samples):
            check_finite_outputs(scene, [sample])
        return self.postprocess_result([scene.t() for scene in logits], batch_data_samples)

    def _forward(self, batch_inputs: dict, batch_data_samples: list | None = None) -> Tensor:
        return self.voxel_logits(batch_inputs['feats'], batch_inputs['voxels'])


def _check_test_cfg(test_cfg: dict) -> dict:
    """Return ``test_cfg`` with its defaults; raise ValueError unless it is of one of the known forms."""
    mode = test_cfg.get('mode', 'whole')
    if mode not in TEST_MODES:
        raise ValueError(f'mode of test_cfg must be one of {tuple(TEST_MODES)}, got {mode!r}')
    unknown = test_cfg.keys() - TEST_MODES[mode] - {'mode'}
    if unknown:
        raise ValueError(f'test_cfg of mode {mode!r} takes {sorted(TEST_MODES[mode])}, got {sorted(unknown)}')
    settings = dict(chunk_size=4.0, max_voxels=400_000)
    settings.update(test_cfg, mode=mode)
    for name in ('chunk_size', 'max_voxels'):
        if not settings[name] > 0:
            raise ValueError(f'{name} of test_cfg must be above zero, got {settings[name]}')
    return settings
