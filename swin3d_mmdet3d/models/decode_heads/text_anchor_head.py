"""Language-grounded features: voxels lie near the text of their class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdet3d.registry import MODELS
from torch import Tensor, nn

from ...language.text_table import load_text_table
from ...language.vocabulary import class_names_of
from ...structures import SparseVoxels
from .text_cosines import projected_cosines
from .voxel_head import VoxelHead


@MODELS.register_module()
class TextAnchorHead(VoxelHead):
    """Cosines of projected voxel features with the texts of the class names, the anchors.

    The anchors are frozen; checkpoints carry them. A voxel is of the class whose anchor is nearest.

    Args:
        in_channels: Width C of the voxel features.
        text_table: File of a :class:`TextTable`, or the name of one that travels with the package.
        class_names: Names of the classes in label order, as the table spells them, or the name of a data
            set, such as 'ScanNet200'.
        loss_decode: Config of the loss of cosines; :class:`AnchorMarginLoss` by default.
        kwargs: Further arguments of :class:`VoxelHead`.

    Raises:
        ValueError: If a name is missing from the table or occurs twice, if there are fewer than two, or if
            ``ignore_index`` is one of the classes.

    Source: LGround, arXiv 2204.07761, section 3.2. The release (github.com/RozDavid/LanguageGroundedSemseg,
        3af87e9) widens the last block of its U-Net to the 512 of CLIP and leaves out its ReLU; here a linear
        layer leads there, so that the student is the network of the recipes that follow.
    """

    def __init__(
        self,
        in_channels: int,
        text_table: str,
        class_names: str | Sequence[str],
        loss_decode: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(loss_decode=loss_decode or dict(type='AnchorMarginLoss'), **kwargs)
        table = load_text_table(text_table)
        rows = table.rows(class_names_of('TextAnchorHead', class_names))
        self.num_classes = len(rows)
        if self.num_classes < 2:
            raise ValueError(f'class_names must hold at least two names, got {self.num_classes}')
        if 0 <= self.ignore_index < self.num_classes:
            raise ValueError(
                f'ignore_index must not be a class below {self.num_classes}, got {self.ignore_index}'
            )
        self.register_buffer('anchors', table.vectors[rows])
        self.projection = nn.Linear(in_channels, table.vectors.shape[1])

    def forward(self, feats: Tensor, voxels: SparseVoxels | None = None) -> Tensor:
        """Cosines with the anchors, of voxels: ``(N, C) -> (N, num_classes)`` in [-1, 1]."""
        return projected_cosines(feats, self.projection, self.anchors)
