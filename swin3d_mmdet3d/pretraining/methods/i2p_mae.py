"""I2P-MAE: a masked autoencoder of points that an image network guides, over the cells of a scene."""

from __future__ import annotations

from typing import Any

import torch
from mmdet3d.registry import MODELS
from swin3d_ops.voxel_index import parent_voxels
from torch import Tensor

from ...models.image_networks import sample_pixels
from ...models.losses.global_mean import global_mean
from ...models.necks.level_concat import concatenated
from ...structures import CloudView, FeatureLevel, Levels, PixelMatches, SparseVoxels
from ..base import BasePretrainer, skipped_frames
from ..group_pooling import group_means
from ..heads.masked_cell_decoder import cell_centers
from ..maskers.salient_cells import standardized

PLACES = ('visible', 'hidden')


@MODELS.register_module()
class I2PMAE(BasePretrainer):
    """Salient cells are shown; hidden ones shall be rebuilt, visible ones get the features of their pixels.

    The encoder sees the voxels of visible cells alone, all others are dropped. Out of its levels, from the
    cells' own to the coarsest, a decoder makes features of all cells. Those of hidden cells are unfolded into
    points, which the Chamfer distance compares with the hidden voxels' points, in metres. Those of visible
    cells are mapped to the teacher's features at the pixels that show the cell: their mean, standardised over
    the cells of the batch that are compared, so that a read-out which knows nothing has an error of 1.

    Args:
        teacher: Config of a :class:`FrozenImageTeacher`.
        masker: Config of a masker ``(saliency (C,), ptr (B + 1,)) -> visible (C,) bool`` of cells.
        decoder: Config of a :class:`MaskedCellDecoder`.
        cell_stride: Edge of a cell in voxels; one of the encoder's strides.
        saliency: Config of what reads the saliency out of the teacher's maps; their activations by default.
        point_head: Config of a :class:`FoldingHead` in edges of a cell; None without points.
        feature_head: Config of a read-out as wide as the teacher's maps side by side; None without features.
        point_criterion: Config of the distance of two point sets.
        feature_criterion: Config of the loss of features and targets.
        feature_at: Which cells' features are compared, 'visible' or 'hidden'.
        matcher: Config of the choice of pixels.
        kwargs: Arguments of :class:`BasePretrainer`.

    Raises:
        ValueError: If there is neither head, or ``feature_at`` is another word.

    Source: arXiv 2212.06785, section 3, and models/I2P_MAE.py of github.com/ZrrSkywalker/I2P-MAE, of object
        clouds; that of scenes, in which cells take the place of tokens, is ours.
    """

    def __init__(
        self,
        teacher: dict,
        masker: dict,
        decoder: dict,
        cell_stride: int,
        saliency: dict | None = None,
        point_head: dict | None = None,
        feature_head: dict | None = None,
        point_criterion: dict | None = None,
        feature_criterion: dict | None = None,
        feature_at: str = 'visible',
        matcher: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if point_head is None and feature_head is None:
            raise ValueError('point_head or feature_head must be given, got neither')
        if feature_at not in PLACES:
            raise ValueError(f'feature_at must be one of {PLACES}, got {feature_at!r}')
        self.teacher = MODELS.build(teacher)
        self.masker = MODELS.build(masker)
        self.decoder = MODELS.build(decoder)
        self.saliency = MODELS.build(saliency or dict(type='mmdet3d.ActivationSaliency'))
        self.matcher = MODELS.build(matcher or dict(type='mmdet3d.OnePixelPerVoxel', max_pairs=16384))
        self.point_head = None if point_head is None else MODELS.build(point_head)
        self.feature_head = None if feature_head is None else MODELS.build(feature_head)
        self.point_criterion = MODELS.build(point_criterion or dict(type='mmdet3d.ChamferLoss'))
        self.feature_criterion = MODELS.build(feature_criterion or dict(type='mmdet.MSELoss'))
        self.cell_stride = cell_stride
        self.feature_at = feature_at

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Losses of the first view's hidden points and of its cells' features; 0 where there is none.

        Logged are the pixels per frame, the share of cells that a pixel shows, in [0, 1], the frames skipped,
        and what the loss of points is where all lie at the centres of the hidden cells, as positions tell.
        """
        view = views[0]
        coords, cell_of_voxel = parent_voxels(view.voxels.coords, self.cell_stride)
        cells = view.voxels.at(coords, self.cell_stride)
        pixels = self.matcher(view.matches)
        targets, saliency, shown = self.look(view, pixels, cell_of_voxel, cells)
        visible = self.masker(saliency, cells.ptr)
        seen = view.select(visible[cell_of_voxel].nonzero().flatten())
        feats = self.decoder(self.cell_features(self.encode(seen)), cells)
        losses = dict(
            pairs_per_frame=view.feats.new_tensor(len(pixels) / len(view.images)),
            shown_cells=shown.float().mean(),
            skipped_frames=view.feats.new_tensor(float(skipped_frames(data_samples))),
        )
        if self.point_head is not None:
            losses.update(self.point_losses(feats, cells, ~visible, view, ~visible[cell_of_voxel]))
        if self.feature_head is not None:
            compared = shown & (visible if self.feature_at == 'visible' else ~visible)
            losses['loss_features'] = self.feature_loss(feats[compared], targets[compared])
        return losses

    def look(
        self, view: CloudView, pixels: PixelMatches, cell_of_voxel: Tensor, cells: SparseVoxels
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the teacher sees of the cells at these pixels.

        Returns:
            ``(C, E)`` features, the mean over the pixels that show a cell, ``(C,)`` saliency, likewise, or
            the mean over the sample's cells where no pixel does, and ``(C,)`` bool, whether one does.
        """
        maps, saliency = self.saliency(self.teacher(view.images))
        size = view.images.shape[-2:]
        seen = torch.cat([sample_pixels(one, pixels, size) for one in (*maps, saliency)], dim=1)
        means, shown = group_means(seen, cell_of_voxel[pixels.voxel], len(cells))
        sample = cells.coords[:, 0].long()
        average, _ = group_means(means[shown, -1:], sample[shown], cells.batch_size)
        return means[:, :-1], torch.where(shown, means[:, -1], average[sample, 0]), shown

    def cell_features(self, levels: Levels) -> FeatureLevel:
        """The encoder's levels from the cells' stride on, side by side at the cells.

        Raises:
            ValueError: If no level of the encoder has this stride.
        """
        used = [level for level in levels.encoder if level[1].stride >= self.cell_stride]
        if not used or used[0][1].stride != self.cell_stride:
            strides = [voxels.stride for _, voxels in levels.encoder]
            raise ValueError(f"cell_stride must be one of the encoder's {strides}, got {self.cell_stride}")
        return concatenated(used)

    def point_losses(
        self, feats: Tensor, cells: SparseVoxels, hidden: Tensor, view: CloudView, hidden_voxels: Tensor
    ) -> dict[str, Tensor]:
        """Loss of the points unfolded at hidden cells, and that of the cells' centres."""
        rows, voxel_rows = (mask.nonzero().flatten() for mask in (hidden, hidden_voxels))
        if len(rows) == 0:
            return dict(loss_points=self.zero_loss())
        voxels = view.voxels.select(voxel_rows)
        truth = voxels.place
        edge = self.cell_stride * voxels.voxel_size
        centers = cell_centers(cells)[rows] * voxels.voxel_size
        points = centers[:, None] + self.point_head(feats[rows]) * edge
        ptr = cells.select(rows).ptr
        num_points = points.shape[1]
        with torch.no_grad():
            at_centers = self.point_criterion(centers, ptr, truth, voxels.ptr)
        loss = self.point_criterion(points.flatten(0, 1), ptr * num_points, truth, voxels.ptr)
        return dict(loss_points=loss, points_at_centers=at_centers)

    def feature_loss(self, feats: Tensor, targets: Tensor) -> Tensor:
        """Loss of the read-out of ``(M, C)`` features against ``(M, E)`` targets, which are standardised."""
        if len(feats) == 0:
            return global_mean(self.zero_loss(), 0)
        loss = self.feature_criterion(self.feature_head(feats), standardized(targets))
        return global_mean(loss, len(feats))
