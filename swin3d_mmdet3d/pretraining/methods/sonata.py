"""Sonata: self-distillation of an encoder over crops and masks; with images, Concerto."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...models.necks.level_concat import rows_of
from ...structures import CloudView, FeatureLevel, Levels, SparseVoxels, joined, split_level
from ..base import BasePretrainer, skipped_frames
from ..feature_spread import feature_spread
from ..group_pooling import group_means
from ..maskers import hide_voxels
from ..teachers import MomentumTeacher

TERM_WEIGHTS = dict(masked=2 / 8, rolled=2 / 8, local=4 / 8)


class Rows(NamedTuple):
    """Coarse voxels of a view: cosines ``(N, K)`` with the prototypes, and where they lay ``(N, 3)``."""

    cosines: Tensor
    place: Tensor
    voxels: SparseVoxels


@MODELS.register_module()
class Sonata(BasePretrainer):
    """An encoder predicts from less of a scene which prototypes its moving average finds in more of it.

    The teacher sees global crops as they are. Its coarse voxels, those of several levels side by side, are
    assigned to prototypes, and the student's voxels that lay in the same place shall be assigned alike:

        masked: a global crop of which cells are hidden, against the same crop,
        rolled: the same student's rows against another global crop,
        local:  a small crop, with a head of its own, against the principal one, the first.

    The teacher has one head for all, the average of that of masked crops. Numbers that change with the
    iterations (``masker.cell_size``, ``masker.ratio``, ``criterion.teacher_temperature``,
    ``teacher.momentum``) are set by ``ValueScheduleHook``.

    Args:
        levels: Config of the :class:`LevelConcat` of the encoder's levels; its finest one has the rows that
            are compared.
        head: Config of the :class:`PrototypeHead`, of which there are two.
        masker: Config of a masker ``view -> (N,) bool``, such as :class:`RandomCells`.
        matcher: Config of the :class:`RadiusMatcher` of coarse voxels by the mean place of their voxels.
        criterion: Config of the :class:`SelfDistillation`.
        momentum: Share of the teacher's old weights.
        num_global: Views that are global crops, the first ones; the others are local.
        weights: Factors of the terms that shall not have those of the release.
        image: Config of an objective on the levels of the masked principal crop, Concerto's
            :class:`PatchDistillation`; none by default.
        kwargs: Arguments of :class:`BasePretrainer`.

    Raises:
        ValueError: If ``num_global`` is below 2, or ``weights`` names another term.

    Source: arXiv 2503.16429 (Sonata) and 2510.23607 (Concerto); Sonata-v1m2 and Concerto-v1m1 of
        github.com/Pointcept/Pointcept. There hidden points are moved by a centimetre, too.
    """

    def __init__(
        self,
        levels: dict,
        head: dict,
        masker: dict,
        matcher: dict,
        criterion: dict,
        momentum: float = 0.994,
        num_global: int = 2,
        weights: Mapping[str, float] | None = None,
        image: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if num_global < 2:
            raise ValueError(f'num_global must be at least 2, got {num_global}')
        unknown = set(weights or {}) - TERM_WEIGHTS.keys()
        if unknown:
            raise ValueError(f'weights may name {sorted(TERM_WEIGHTS)}, got {sorted(unknown)}')
        self.levels, self.masker, self.matcher, self.criterion = map(
            MODELS.build, (levels, masker, matcher, criterion)
        )
        self.masked_head = MODELS.build(head)
        self.local_head = copy.deepcopy(self.masked_head)
        self.image = None if image is None else MODELS.build(image)
        networks = dict(backbone=self.backbone, masked_head=self.masked_head)
        self.teacher = MomentumTeacher(networks, momentum)
        self.num_global = num_global
        self.weights = {**TERM_WEIGHTS, **(weights or {})}
        self.token = nn.Parameter(torch.empty(self.backbone.in_channels))
        nn.init.trunc_normal_(self.token, std=0.02)

    def loss(self, views: list[CloudView], data_samples: list | None) -> dict[str, Tensor]:
        """The weighted terms, global crops first among the views; a term without a match is 0.

        Logged are the entropy of each term's assignments in nats (``assigned_masked``, ...; ln K of a
        collapsed teacher), the prototypes in use (the exponential of the entropy of how often each is the
        nearest of a teacher's row, over K), the spread of the teacher's cosines, the pairs of a sample, the
        share of hidden voxels, and the frames that loading skipped.

        Raises:
            ValueError: If there are fewer views than global crops.
        """
        if len(views) < self.num_global:
            raise ValueError(f'views must hold {self.num_global} global crops, got {len(views)}')
        wide, narrow = views[: self.num_global], views[self.num_global :]
        masks = [self.masker(view) for view in wide]
        hidden = [hide_voxels(view, mask, self.token) for view, mask in zip(wide, masks)]
        seen = self.encode(joined(hidden))
        taught = self._taught(wide)
        masked = self._rows(wide, self.levels(seen.encoder), self.masked_head)
        local = []
        if narrow:
            levels = self.encode(joined(narrow)).encoder
            local = self._rows(narrow, self.levels(levels), self.local_head)
        terms = dict(
            masked=list(zip(masked, taught)),
            rolled=list(zip(masked, taught[1:] + taught[:1])),
            local=[(rows, taught[0]) for rows in local],
        )
        losses, num_pairs = {}, 0
        for name, pairs in terms.items():
            if pairs and self.weights[name]:
                loss, entropy, count = self._agreement(pairs)
                losses[f'loss_{name}'] = self.weights[name] * loss
                losses[f'assigned_{name}'] = entropy
                num_pairs += count
        if self.image is not None:
            principal = tuple(split_level(level, len(wide))[0] for level in seen.encoder)
            losses.update(self.image(Levels(principal), dict(view=wide[0]), data_samples))
        cosines = torch.cat([rows.cosines for rows in taught])
        return dict(
            **losses,
            prototypes_used=perplexity(cosines.argmax(dim=1), cosines.shape[1]),
            teacher_spread=feature_spread(cosines),
            pairs_per_sample=cosines.new_tensor(num_pairs / views[0].voxels.batch_size),
            hidden_share=torch.cat(masks).float().mean(),
            skipped_frames=cosines.new_tensor(float(skipped_frames(data_samples))),
        )

    @torch.no_grad()
    def _taught(self, views: list[CloudView]) -> list[Rows]:
        """The teacher's rows of each view."""
        level = self.levels(self.teacher.encode(joined(views)).encoder)
        return self._rows(views, level, self.teacher.networks['masked_head'])

    def _rows(self, views: list[CloudView], level: FeatureLevel, head: nn.Module) -> list[Rows]:
        """The coarse voxels of each view out of those of all; one without a voxel of the recording: nan."""
        feats, voxels = level
        rows = []
        for view, (cosines, own) in zip(views, split_level((head(feats), voxels), len(views))):
            source = view.at_voxels('source_xyz')
            known = source.isfinite().all(dim=1)
            place, lay = group_means(source[known], rows_of(view.voxels, own)[known], len(own))
            rows.append(Rows(cosines, place.masked_fill(~lay[:, None], torch.nan), own))
        return rows

    def _agreement(self, pairs: Sequence[tuple[Rows, Rows]]) -> tuple[Tensor, Tensor, int]:
        """Loss of a term over all its pairs of views, entropy of its assignments, number of its matches."""
        student, teacher, sample = [], [], []
        for number, (own, other) in enumerate(pairs):
            rows, others = self.matcher.match(own.place, own.voxels, other.place, other.voxels)
            student.append(own.cosines[rows])
            teacher.append(other.cosines[others])
            sample.append(own.voxels.coords[rows, 0].long() + number * own.voxels.batch_size)
        rows = torch.cat(sample)
        return *self.criterion(torch.cat(student), torch.cat(teacher), rows), len(rows)


@torch.no_grad()
def perplexity(choice: Tensor, num_choices: int) -> Tensor:
    """The exponential of the entropy of choices ``(N,)`` out of K, over K: 1 if all are equally frequent."""
    share = torch.bincount(choice, minlength=num_choices).float() / max(1, len(choice))
    return (-torch.xlogy(share, share).sum()).exp() / num_choices
