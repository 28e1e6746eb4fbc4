"""Views of a pretraining batch: voxels of a cloud, its images, and which pixel shows which voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import torch
from mmdet3d.registry import MODELS
from torch import Tensor

from swin3d_mmdet3d.models.data_preprocessors.voxel_preprocessor import VoxelBatch, VoxelPreprocessor


@dataclass(frozen=True, eq=False)
class PixelMatches:
    """Pixels that show voxels.

    Attributes:
        image: ``(M,)`` int64, row among the batch's images.
        pixel: ``(M, 2)`` float, (u, v) in that image; the centre of the first pixel is (0, 0).
        voxel: ``(M,)`` int64, row among the batch's voxels.
    """

    image: Tensor
    pixel: Tensor
    voxel: Tensor

    def __len__(self) -> int:
        return len(self.voxel)

    def select(self, rows: Tensor) -> PixelMatches:
        """The matches of some rows."""
        return PixelMatches(self.image[rows], self.pixel[rows], self.voxel[rows])


@dataclass(frozen=True, eq=False)
class CloudView(VoxelBatch):
    """One view of every sample of a batch.

    Attributes:
        points: Per sample ``(P, 6)`` or ``(P, 9)``, as the pipeline made them.
        images: ``(I, 3, height, width)`` uint8 RGB images of all samples, or None.
        matches: Pixels of the images that show voxels, or None.
        point_ids: Per sample ``(P,)`` int64, which point of the recording each point is, or None; below 0 for
            points of another scene (``Mix3D``).
        origin_xyz: Per sample ``(P, 3)`` metres, where it lay before augmentation, or None; nan for those.
    """

    points: list[Tensor]
    images: Optional[Tensor] = None
    matches: Optional[PixelMatches] = None
    point_ids: Optional[list[Tensor]] = None
    origin_xyz: Optional[list[Tensor]] = None


@MODELS.register_module()
class ViewPreprocessor(VoxelPreprocessor):
    """Voxelise every view of a batch and collect its images and matches.

    Takes what ``PackPretrainInputs`` packs, gives ``inputs['views']``, a list of :class:`CloudView`.
    Arguments are those of :class:`VoxelPreprocessor`.
    """

    def simple_process(self, data: dict, training: bool = False) -> dict:
        """Build the views on the model's device."""
        data = self.cast_data(data)
        views = [self.build_view(view, training) for view in data['inputs']['views']]
        return dict(inputs=dict(views=views), data_samples=data.get('data_samples'))

    def build_view(self, view: dict[str, Any], keep_lattice: bool) -> CloudView:
        """One view of the batch, from lists with a tensor per sample."""
        batch = self.voxelize_points(view['points'], keep_lattice)
        extra = {key: list(view[key]) for key in ('point_ids', 'origin_xyz') if key in view}
        if 'images' in view:
            extra['images'] = self.join_images(view['images'])
            extra['matches'] = self.join_matches(view, batch)
        return CloudView(**vars(batch), points=list(view['points']), **extra)

    @staticmethod
    def join_images(images: list[Tensor]) -> Tensor:
        """All samples' images in one ``(I, 3, height, width)`` tensor; raise ValueError if sizes differ."""
        sizes = {tuple(stack.shape[1:]) for stack in images}
        if len(sizes) != 1:
            raise ValueError(
                f'images of a batch must have one size, got {sorted(sizes)}; crop or resize them'
            )
        return torch.cat(list(images))

    @staticmethod
    def join_matches(view: dict[str, Any], batch: VoxelBatch) -> PixelMatches:
        """Matches of all samples: images counted through the batch, points replaced by their voxels."""
        image, voxel, num_images = [], [], 0
        for sample, stack in enumerate(view['images']):
            image.append(view['match_image'][sample] + num_images)
            voxel.append(batch.point2voxel[sample][view['match_point'][sample]])
            num_images += len(stack)
        return PixelMatches(torch.cat(image), torch.cat(list(view['match_pixel'])), torch.cat(voxel))
