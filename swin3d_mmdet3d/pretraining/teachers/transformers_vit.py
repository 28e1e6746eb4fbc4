"""Vision transformers of the transformers library (ViT, DINO, DINOv2, CLIP) from a local folder."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

IMAGES_AT_A_TIME = 4
"""With attentions those of all layers are kept: some 0.8 GB for each image of 640 x 480 in ViT-B/16."""


@MODELS.register_module()
class TransformersViT(BaseModule):
    """The patch tokens of a vision transformer as one feature map.

    Of CLIP they are those of its image encoder, normalised and projected into the space of the text.

    Args:
        folder: Folder with ``config.json`` and weights, as ``save_pretrained`` writes them; nothing is
            downloaded.
        saliency: Give a second map, how much the class token attends to each patch in the last layer, the
            mean over the heads: ``(I, 1, height / patch, width / patch)``, at most 1 in sum.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ImportError: With the command that installs transformers.
        ValueError: If the folder holds no model.

    Source: arXiv 2212.06785, section 3.3, for the saliency; clip_attn/model.py of
        github.com/ZrrSkywalker/I2P-MAE for CLIP's patch tokens.
    """

    def __init__(self, folder: str, saliency: bool = False, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        config_file = Path(folder) / 'config.json'
        if not config_file.is_file():
            raise ValueError(f'folder must hold a model with its config.json, got {folder}')
        try:
            from transformers import AutoModel, CLIPVisionModelWithProjection
        except ImportError as error:
            raise ImportError('TransformersViT needs transformers: pip install transformers') from error
        self.kind = json.loads(config_file.read_text()).get('model_type', '')
        self.saliency = saliency
        network = CLIPVisionModelWithProjection if self.is_clip else AutoModel
        # fused attention does not tell its weights
        options = dict(attn_implementation='eager') if saliency else {}
        self.model = network.from_pretrained(folder, local_files_only=True, **options)
        self.patch_size = self.model.config.patch_size

    @property
    def is_clip(self) -> bool:
        """Whether the folder holds CLIP, or its image encoder alone."""
        return self.kind.startswith('clip')

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The map ``(I, C, height / patch, width / patch)`` of normalised images, and perhaps the saliency.

        Raises:
            ValueError: If the image is not a whole number of patches.
        """
        height, width = images.shape[-2:]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f'images must measure multiples of the patch size {self.patch_size}, got {height} x {width}'
            )
        grid = height // self.patch_size, width // self.patch_size
        parts = images.split(IMAGES_AT_A_TIME) if self.saliency else [images]
        maps = zip(*(self._rows(part, grid[0] * grid[1]) for part in parts))
        return tuple(torch.cat(rows).transpose(1, 2).unflatten(2, grid) for rows in maps)

    def _rows(self, images: Tensor, num_patches: int) -> tuple[Tensor, ...]:
        """Rows ``(I, patches, C)`` of each map."""
        encoder = self.model.vision_model if self.is_clip else self.model
        given = encoder(images, output_attentions=self.saliency, **self._position_options())
        tokens = given.last_hidden_state[:, -num_patches:]  # class and register tokens come first
        if self.is_clip:
            tokens = self.model.visual_projection(encoder.post_layernorm(tokens))
        if not self.saliency:
            return (tokens,)
        return tokens, given.attentions[-1][:, :, 0, -num_patches:].mean(dim=1)[..., None]

    def _position_options(self) -> dict:
        """ViT and CLIP must be told to interpolate their position embedding; DINOv2 always does."""
        return {} if 'dinov2' in self.kind else dict(interpolate_pos_encoding=True)
