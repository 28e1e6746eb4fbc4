"""Semantic segmentation of clouds by the images that show them."""

from __future__ import annotations

import torch
from mmdet3d.models.segmentors import Base3DSegmentor
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample
from swin3d_ops import knn
from torch import Tensor

from ...finite_values import check_finite_outputs
from ...structures import CloudView, SparseVoxels, bounds_of_items
from ..voxel_labels import naming_scenes, voxel_labels
from .pixel_projection import sample_pixels


@MODELS.register_module()
class PixelSegmentor(Base3DSegmentor):
    """Classifies the pixels that show voxels; the images of a scene vote on the labels of its points.

    A pixel has the label of the voxel that it shows, in training. Points of voxels that no image shows get
    the label of the nearest voxel that one shows.

    Args:
        image: Config of an :class:`ImageEncoder`.
        decode_head: Config of a classifier of pixels' features, such as :class:`VoxelSegHead`.
        pixel_head: Config of what reads the maps at pixels, a :class:`PixelProjection`. Without one the maps
            are read as they are, side by side.
        vote: Config of the vote, by default a :class:`ViewVote`.
        data_preprocessor: Config of a :class:`VoxelPreprocessor`; samples need frames (``PackFieldInputs``).
        train_cfg: Accepted for mmdet3d's configs; nothing is read from it.
        test_cfg: As ``train_cfg``.
        init_cfg: Initialisation config of mmengine.

    Source: arXiv 2208.08580, of triangles of meshes.
    """

    def __init__(
        self,
        image: dict,
        decode_head: dict,
        pixel_head: dict | None = None,
        vote: dict | None = None,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.image = MODELS.build(image)
        self.pixel_head = None if pixel_head is None else MODELS.build(pixel_head)
        self.decode_head = MODELS.build(decode_head)
        self.vote = MODELS.build(vote or dict(type='mmdet3d.ViewVote'))

    def encode(self, batch_inputs: dict) -> Tensor:
        """Features ``(M, C)`` of all pixels that show a voxel of the batch, in the order of its matches."""
        view = batch_inputs['view']
        maps, size = self.image(view.images), view.images.shape[-2:]
        if self.pixel_head is not None:
            return self.pixel_head(maps, view.matches, size)
        return torch.cat([sample_pixels(one, view.matches, size) for one in maps], dim=1)

    def extract_feat(self, batch_inputs: dict) -> Tensor:
        """As :meth:`encode`."""
        return self.encode(batch_inputs)

    def loss(self, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]) -> dict[str, Tensor]:
        """Loss of the pixels."""
        return self.loss_by_levels(self.encode(batch_inputs), batch_inputs, batch_data_samples)

    def loss_by_levels(
        self, levels: Tensor, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]
    ) -> dict[str, Tensor]:
        """The loss of what :meth:`encode` gave for the batch."""
        labels, voxel = voxel_labels(batch_inputs, batch_data_samples), batch_inputs['view'].matches.voxel
        with naming_scenes(lambda: batch_inputs['voxels'].coords[voxel, 0], batch_data_samples):
            return self.decode_head.loss(levels, None, labels[voxel])

    def encode_decode(self, batch_inputs: dict, batch_data_samples: list | None) -> list[Tensor]:
        """Votes ``(P, K)`` of each scene's points.

        Raises:
            ValueError: If no image shows a point of a scene.
        """
        view: CloudView = batch_inputs['view']
        logits = self._forward(batch_inputs)
        votes = self.vote(logits, view.matches, len(view.voxels))
        votes = votes[_nearest_seen(view.voxels, view.matches.voxel)]
        return [votes[rows] for rows in view.point2voxel]

    def predict(self, batch_inputs: dict, batch_data_samples: list[Det3DDataSample]) -> list[Det3DDataSample]:
        """Add ``pred_pts_seg`` (P,) and ``pts_seg_logits`` (K, P), the votes, to each sample.

        Raises:
            ValueError: If votes are NaN or infinite, with the name of the scan, or no image shows a scene.
        """
        votes = self.encode_decode(batch_inputs, batch_data_samples)
        for scene, sample in zip(votes, batch_data_samples):
            check_finite_outputs(scene, [sample])
        return self.postprocess_result([scene.t() for scene in votes], batch_data_samples)

    def _forward(self, batch_inputs: dict, batch_data_samples: list | None = None) -> Tensor:
        """Logits ``(M, K)`` of the pixels."""
        return self.decode_head(self.encode(batch_inputs))


def _nearest_seen(voxels: SparseVoxels, seen: Tensor) -> Tensor:
    """For each voxel ``(N,)`` the row of the nearest one of its scene among some: itself if it is one.

    Args:
        voxels: The N voxels.
        seen: ``(M,)`` int64 rows, repeated ones among them.
    """
    rows = seen.unique()
    scene, of_rows = voxels.coords[:, 0].long(), voxels.coords[rows, 0].long()
    ptr, ptr_seen = (bounds_of_items(item, voxels.batch_size) for item in (scene, of_rows))
    unseen = (ptr_seen.diff() == 0).nonzero().flatten().tolist()
    if unseen:
        raise ValueError(f'images must show some voxel of every scene, none shows one of scene {unseen[0]}')
    place = voxels.coords[:, 1:].float()
    index, _ = knn(place, place[rows], 1, ptr, ptr_seen)
    return rows[index[:, 0]]
