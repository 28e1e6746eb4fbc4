"""Reading of folders of RGB-D frames: color/, depth/, a pose file for each frame and files of intrinsics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ..datasets.image_files import read_image_file
from ..datasets.layout.frames import read_matrix
from .colour_registration import at_depth_size, check_registration
from .sens_stream import RecordedFrame

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png')
COLOR_INTRINSIC_FILE = 'intrinsic/intrinsic_color.txt'
INTRINSIC_FILES = ('intrinsic.txt', 'intrinsics.txt', 'intrinsic/intrinsic_depth.txt')
POSE_FILES = ('{}.pose.txt', 'pose/{}.txt')


class FrameFolder:
    """Frames in ``color/<name>.jpg`` (jpeg, png), ``depth/<name>.png`` (uint16 mm), ``<name>.pose.txt`` or
    ``pose/<name>.txt``, and one file of intrinsics of the depth, as the exporter of ScanNet writes them.

    Endings may be upper case. Colour of another size than the depth is brought to it, where
    ``intrinsic/intrinsic_color.txt`` shows that both have one view.

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
        self._color_intrinsic = None
        if (self.path / COLOR_INTRINSIC_FILE).is_file():
            self._color_intrinsic = read_matrix(self.path / COLOR_INTRINSIC_FILE)
        images = [p for p in (self.path / 'color').glob('*') if p.suffix.lower() in IMAGE_ENDINGS]
        if not images:
            raise ValueError(f'folder {path} must hold color/*.jpg, *.jpeg or *.png, found none')
        self._images = sorted(images, key=lambda p: (len(p.stem), p.name))  # 9 before 10
        self.num_frames = len(images)

    def frames(self, every: int = 1) -> Iterator[RecordedFrame]:
        """Every n-th frame in the order of the names."""
        for path in self._images[::every]:
            image = read_image_file(path, cv2.IMREAD_COLOR)
            depth_path = self._depth_path(path.stem)
            depth = read_image_file(depth_path, cv2.IMREAD_UNCHANGED)
            if depth.dtype != np.uint16 or depth.ndim != 2:
                raise ValueError(
                    f'file {depth_path} must hold one 16-bit channel, got {depth.dtype} {depth.shape}'
                )
            image = self._registered(image, depth.shape[::-1], path)
            yield RecordedFrame(str(path), image[..., ::-1], depth, self._pose(path.stem))

    def _depth_path(self, name: str) -> Path:
        paths = [self.path / 'depth' / f'{name}{ending}' for ending in ('.png', '.PNG')]
        return next((path for path in paths if path.is_file()), paths[0])

    def _registered(self, image: np.ndarray, depth_size: tuple[int, int], path: Path) -> np.ndarray:
        """The colour at the depth's size; as it is where its intrinsics are unknown."""
        size = image.shape[1::-1]
        if size == depth_size or self._color_intrinsic is None:
            return image
        check_registration(self._color_intrinsic, size, self.intrinsic, depth_size, f'file {path}')
        return at_depth_size(image, depth_size)

    def _pose(self, name: str) -> np.ndarray | None:
        found = [self.path / p.format(name) for p in POSE_FILES if (self.path / p.format(name)).is_file()]
        return read_matrix(found[0]) if found else None
