"""SL3D: cells of scans are classified into clusters of their own, which are balanced and found by turns."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from mmdet3d.registry import MODELS
from torch import Tensor
from torch.nn.functional import cross_entropy

from ...models.losses.global_mean import global_mean
from ...structures import CloudView
from ..base import BasePretrainer
from ..feature_spread import feature_spread
from ..group_pooling import group_means
from ..maskers.source_cells import check_cell_size
from ..targets import StoredLabels

BITS = 21


@MODELS.register_module()
class SL3D(BasePretrainer):
    """Self-labelling, the form for scenes: clustering and classification of cells, alternating.

    What is labelled is a cell of the recording, by the mean of its voxels' features: wherever an augmentation
    moves them, it stays the same cell. The loss is the cross-entropy of its target.

    Args:
        head: Config of a head from features ``(N, C)`` to cosines ``(N, K)`` with K clusters:
            :class:`PrototypeHead`.
        targets: Config of the targets: :class:`StoredLabels`, which ``SelfLabelHook`` has assigned now and
            then, or :class:`OnlineLabels` of two views.
        cell_size: Edge of a cell, metres.
        temperature: Divisor of the cosines.
        kwargs: Arguments of :class:`BasePretrainer`.

    Source: arXiv 2210.16810. There whole objects are labelled, or proposals of them, by a linear layer.
    """

    def __init__(
        self, head: dict, targets: dict, cell_size: float = 0.4, temperature: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.head, self.targets = MODELS.build(head), MODELS.build(targets)
        self.cell_size = check_cell_size(cell_size)
        self.temperature = temperature

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """Mean cross-entropy of the cells of all views that have a target; 0 where none has one.

        Logged are the share of cells that have one, the share whose likeliest cluster is that of their
        target, and the spread of the cells' features.
        """
        cells, feats, cosines = zip(*(self._cells(view, data_samples) for view in views))
        found = self.targets(cells, cosines)
        logits = torch.cat([rows_of[rows] for rows_of, (rows, _) in zip(cosines, found)]) / self.temperature
        target = torch.cat([labels for _, labels in found])
        log = dict(labelled_share=logits.new_tensor(len(logits) / sum(map(len, cells))))
        if len(logits) == 0:
            return dict(loss_cluster=global_mean(self.zero_loss(), 0), **log)
        label = target if target.ndim == 1 else target.argmax(dim=1)
        log.update(
            agreement=(logits.argmax(dim=1) == label).float().mean(),
            cell_spread=feature_spread(torch.cat(feats)),
        )
        loss = global_mean(cross_entropy(logits.float(), target), len(target))
        return dict(loss_cluster=loss, **log)

    @torch.no_grad()
    def predict_cells(self, inputs: dict, data_samples: list) -> tuple[Tensor, Tensor]:
        """Keys ``(N,)`` int64, distinct, of the cells of the first views, and their logits ``(N, K)``."""
        cells, _, cosines = self._cells(inputs['views'][0], data_samples, alone=True)
        return cells, cosines / self.temperature

    def assign_labels(self, cells: Tensor, logits: Tensor) -> None:
        """Label the cells ``(N,)`` by their logits ``(N, K)``, for the steps that follow.

        Raises:
            TypeError: If the targets are not stored ones.
        """
        if not isinstance(self.targets, StoredLabels):
            raise TypeError(f'targets must be StoredLabels, got {type(self.targets).__name__}')
        self.targets.assign(cells, logits)

    def _cells(
        self, view: CloudView, data_samples: list | None, alone: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Keys ``(N,)`` of a view's cells, ascending, their features ``(N, C)`` and cosines ``(N, K)``."""
        feats, _ = self.encode(view).finest
        keys = cell_keys(view, data_samples, self.cell_size)
        cells, row = keys.unique(return_inverse=True)
        pooled, _ = group_means(feats, row, len(cells))
        return cells, pooled, self.head(pooled, alone)


def cell_keys(view: CloudView, data_samples: list | None, cell_size: float) -> Tensor:
    """A number ``(N,)`` int64 for the cell of the recording that each voxel lay in.

    It follows from the name of the scene and floor(source_xyz / cell_size) alone, not from augmentation,
    order or process. That two of a million cells share one has a probability below 1e-6.

    Args:
        view: A view with the field 'source_xyz'.
        data_samples: The samples, with the name of the scene or its file in their metainfo.
        cell_size: Edge of a cell, metres.

    Raises:
        ValueError: If a scene has no name, or a point of a view lay nowhere or beyond a million cells.
    """
    codes = torch.tensor([_code(sample.metainfo) for sample in data_samples or []], dtype=torch.int64)
    if len(codes) != view.voxels.batch_size:
        raise ValueError(f'data_samples must be {view.voxels.batch_size} with names, got {len(codes)}')
    cell = (view.at_voxels('source_xyz').double() / cell_size).floor()
    half = 1 << (BITS - 1)
    if not bool((cell.abs() < half).all()):
        raise ValueError(f'source_xyz must be finite and within {half} cells, got {cell.abs().max().item()}')
    x, y, z = (cell.long() + half).unbind(dim=1)
    packed = (x << 2 * BITS) | (y << BITS) | z
    return packed ^ codes.to(packed.device)[view.voxels.coords[:, 0].long()]


def _code(metainfo: dict) -> int:
    """63 bits out of the name of a scene, the same in every process."""
    name = metainfo.get('scene') or Path(metainfo.get('lidar_path', '')).stem
    if not name:
        raise ValueError(f"metainfo of a sample must have 'scene' or 'lidar_path', got {sorted(metainfo)}")
    digest = hashlib.blake2b(str(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'big') >> 1
