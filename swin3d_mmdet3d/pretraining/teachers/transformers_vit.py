"""Vision transformers of the transformers library (ViT, DINO, DINOv2) from a local folder."""

from __future__ import annotations

from pathlib import Path

from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class TransformersViT(BaseModule):
    """The patch tokens of a vision transformer as one feature map.

    Args:
        folder: Folder with ``config.json`` and weights, as ``save_pretrained`` writes them; nothing is
            downloaded.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ImportError: With the command that installs transformers.
        ValueError: If the folder holds no model.
    """

    def __init__(self, folder: str, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if not (Path(folder) / 'config.json').is_file():
            raise ValueError(f'folder must hold a model with its config.json, got {folder}')
        try:
            from transformers import AutoModel
        except ImportError as error:
            raise ImportError('TransformersViT needs transformers: pip install transformers') from error
        self.model = AutoModel.from_pretrained(folder, local_files_only=True)
        self.patch_size = self.model.config.patch_size

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """The map ``(I, C, height / patch, width / patch)`` of normalised images.

        Raises:
            ValueError: If the image is not a whole number of patches.
        """
        height, width = images.shape[-2:]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f'images must measure multiples of the patch size {self.patch_size}, got {height} x {width}'
            )
        rows, columns = height // self.patch_size, width // self.patch_size
        tokens = self.model(images, **self._position_options()).last_hidden_state
        patches = tokens[:, -rows * columns :]  # class and register tokens come first
        return (patches.transpose(1, 2).unflatten(2, (rows, columns)),)

    def _position_options(self) -> dict:
        """ViT must be told to interpolate its position embedding; DINOv2 always does."""
        return {} if 'dinov2' in self.model.config.model_type else dict(interpolate_pos_encoding=True)
