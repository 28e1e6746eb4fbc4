"""Reading of folders of RGB-D frames: color/, depth/, a pose file for each frame and one of intrinsics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from swin3d_mmdet3d.datasets.frame_files import read_matrix
from swin3d_mmdet3d.datasets.image_files import read_image_file

from .sens_stream import RecordedFrame

INTRINSIC_FILES = ('intrinsic.txt', 'intrinsics.txt', 'intrinsic/intrinsic_depth.txt')
POSE_FILES = ('{}.pose.txt', 'pose/{}.txt')


class FrameFolder:
    """Frames in ``color/<name>.jpg`` (or png), ``depth/<name>.png`` (uint16 mm), ``<name>.pose.txt`` or
    ``pose/<name>.txt``, and one file of intrinsics of the depth.

    Args:
        path: The folder.

    Attributes:
        intrinsic: ``(4, 4)`` intrinsic matrix.
        num_frames: Frames with colour.

    Raises:
        ValueError: Naming the folder or file, if there is no colour or no intrinsics.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        found = [self.path / name for name in INTRINSIC_FILES if (self.path / name).is_file()]
        if not found:
            raise ValueError(f'folder {path} must hold one of {INTRINSIC_FILES}, found none')
        self.intrinsic = read_matrix(found[0])
        images = [p for p in (self.path / 'color').glob('*') if p.suffix in ('.jpg', '.png')]
        if not images:
            raise ValueError(f'folder {path} must hold color/*.jpg or color/*.png, found none')
        self._images = sorted(images, key=lambda p: (len(p.stem), p.stem))  # 9 before 10
        self.num_frames = len(images)

    def frames(self, every: int = 1) -> Iterator[RecordedFrame]:
        """Every n-th frame in the order of the names."""
        for path in self._images[::every]:
            image = read_image_file(path, cv2.IMREAD_COLOR)
            depth_path = self.path / 'depth' / f'{path.stem}.png'
            depth = read_image_file(depth_path, cv2.IMREAD_UNCHANGED)
            if depth.dtype != np.uint16 or depth.ndim != 2:
                raise ValueError(
                    f'file {depth_path} must hold one 16-bit channel, got {depth.dtype} {depth.shape}'
                )
            yield RecordedFrame(str(path), image[..., ::-1], depth, self._pose(path.stem))

    def _pose(self, name: str) -> np.ndarray | None:
        found = [self.path / p.format(name) for p in POSE_FILES if (self.path / p.format(name)).is_file()]
        return read_matrix(found[0]) if found else None
