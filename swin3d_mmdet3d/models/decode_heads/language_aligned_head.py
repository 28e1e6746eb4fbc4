"""Language-guided categorical alignment: one embedding space for the classes of several data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...language.text_table import load_text_table
from ...language.vocabulary import class_names_of
from ...structures import SparseVoxels
from .text_cosines import projected_cosines
from .voxel_head import VoxelHead


@MODELS.register_module()
class LanguageAlignedHead(VoxelHead):
    """Scaled cosine between voxel features and the names of the classes of the voxels' data set.

    ``logit_k = scale * cos(Linear(feat), text_k)`` over the classes of the batch's condition, in the label
    order of that data set. The texts are frozen; checkpoints carry them.

    Args:
        in_channels: Width C of the voxel features.
        text_table: File of a :class:`TextTable`, or the name of one that travels with the package.
        class_names: Condition -> names of its classes in label order, as the table spells them; or
            condition -> name of a data set of the indoor vocabulary.
        logit_scale: Scale of the cosines; 100 is CLIP's. Tables whose names lie farther apart want less.
        kwargs: Arguments of :class:`VoxelHead`.

    Raises:
        ValueError: If a name is missing from the table or occurs twice in a condition.

    Source: arXiv 2308.09718, section 4.2; PPT-v1m1 of github.com/Pointcept/Pointcept with CLIP's ViT-B/16.
    """

    def __init__(
        self,
        in_channels: int,
        text_table: str,
        class_names: Mapping[str, str | Sequence[str]],
        logit_scale: float = 100.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not logit_scale > 0:
            raise ValueError(f'logit_scale must be positive, got {logit_scale}')
        table = load_text_table(text_table)
        self.logit_scale = logit_scale
        self.texts = nn.Module()
        for condition, names in class_names.items():
            rows = table.rows(class_names_of(condition, names))
            if 0 <= self.ignore_index < len(rows):
                raise ValueError(
                    f'ignore_index must not be a class of {condition} (below {len(rows)}), '
                    f'got {self.ignore_index}'
                )
            self.texts.register_buffer(condition, table.vectors[rows])
        self.conditions = tuple(class_names)
        self.projection = nn.Linear(in_channels, table.vectors.shape[1])

    def forward(self, feats: Tensor, voxels: SparseVoxels) -> Tensor:
        """Logits ``(N, classes of the condition)`` of ``(N, C)`` features."""
        condition = condition_of(voxels, self.conditions)
        return self.logit_scale * projected_cosines(feats, self.projection, getattr(self.texts, condition))


def condition_of(voxels: SparseVoxels, conditions: Sequence[str]) -> str:
    """The condition that the voxels carry.

    Raises:
        ValueError: If they carry none, or one that is not among ``conditions``.
    """
    condition = None if voxels.prompt is None else voxels.prompt.condition
    if condition not in conditions:
        raise ValueError(f'the condition of the voxels must be one of {tuple(conditions)}, got {condition!r}')
    return condition
