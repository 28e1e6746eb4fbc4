"""Sizes and weights of a transformer's blocks in a local folder, as ``save_pretrained`` writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...checkpoints import read_checkpoint

FILES = ('model.safetensors', 'pytorch_model.bin')
VIT = dict(
    query='attention.attention.query',
    key='attention.attention.key',
    value='attention.attention.value',
    out='attention.output.dense',
    up='intermediate.dense',
    down='output.dense',
    norm1='layernorm_before',
    norm2='layernorm_after',
)
BERT = dict(
    query='attention.self.query',
    key='attention.self.key',
    value='attention.self.value',
    out='attention.output.dense',
    up='intermediate.dense',
    down='output.dense',
    norm1='attention.output.LayerNorm',
    norm2='output.LayerNorm',
)
CLIP = dict(
    query='self_attn.q_proj',
    key='self_attn.k_proj',
    value='self_attn.v_proj',
    out='self_attn.out_proj',
    up='mlp.fc1',
    down='mlp.fc2',
    norm1='layer_norm1',
    norm2='layer_norm2',
)
FAMILIES = {
    'vit': (VIT, 'encoder.layer', dict(last='layernorm')),
    'deit': (VIT, 'encoder.layer', dict(last='layernorm')),
    'bert': (BERT, 'encoder.layer', {}),
    'clip': (CLIP, 'encoder.layers', dict(first='pre_layrnorm', last='post_layernorm')),
}
"""Of each family the names in a block, where its blocks lie, and the norms before and after all of them."""


def read_transformer(folder: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Arguments of a :class:`FrozenTransformer` and its weights by its own names.

    Of CLIP they are those of the image encoder, from its own folder or that of both encoders.

    Args:
        folder: With ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin``.

    Raises:
        ValueError: Naming ``folder``, if a file is missing, the network is of another family than ViT, DeiT,
            BERT and CLIP, or the file has no weights of one.
    """
    config_file = Path(folder) / 'config.json'
    weights_file = next((path for name in FILES if (path := Path(folder) / name).is_file()), None)
    if not config_file.is_file() or weights_file is None:
        raise ValueError(f'folder must hold config.json and {" or ".join(FILES)}, got {folder}')
    config = json.loads(config_file.read_text())
    family = config.get('model_type', '').replace('clip_vision_model', 'clip')
    if family not in FAMILIES:
        raise ValueError(
            f'folder must hold a transformer of {", ".join(FAMILIES)}, got {family!r} in {folder}'
        )
    config = config.get('vision_config', config)
    settings = dict(
        channels=config.get('hidden_size', 768),
        depth=config.get('num_hidden_layers', 12),
        num_heads=config.get('num_attention_heads', 12),
        hidden_channels=config.get('intermediate_size', 3072),
        activation=config.get('hidden_act', 'quick_gelu' if family == 'clip' else 'gelu'),
        norm_first=family != 'bert',
        outer_norms=tuple(FAMILIES[family][2]),
        eps=config.get('layer_norm_eps', 1e-5 if family == 'clip' else 1e-12),
    )
    weights, _ = read_checkpoint(weights_file)
    return settings, _own_names(weights, family, settings['depth'], folder)


def _own_names(
    weights: Mapping[str, Tensor], family: str, depth: int, folder: str | Path
) -> dict[str, Tensor]:
    """The weights of blocks and norms by our names; whatever stands before theirs is passed over."""
    names, place, norms = FAMILIES[family]
    known = f'{place}.0.{names["query"]}.weight'
    starts = [name[: -len(known)] for name in weights if name.endswith(known)]
    starts = [start for start in starts if not start.endswith('text_model.')]
    if len(starts) != 1:
        raise ValueError(f'folder must hold one {family}, got {len(starts)} that end in {known} in {folder}')
    (start,) = starts
    theirs = {own: f'{start}{name}' for own, name in norms.items()}
    for block in range(depth):
        for own, name in names.items():
            theirs[f'blocks.{block}.{own}'] = f'{start}{place}.{block}.{name}'
    return {
        f'{own}.{kind}': weights[f'{name}.{kind}']
        for own, name in theirs.items()
        for kind in ('weight', 'bias')
        if f'{name}.{kind}' in weights
    }
