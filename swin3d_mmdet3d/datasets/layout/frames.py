"""Files of a posed RGB-D frame: <name>.jpg, <name>.png (uint16 mm), <name>.txt (4 x 4), intrinsic.txt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ...geometry.camera import check_intrinsic, is_rigid
from ...structures.rgbd_frame import RGBDFrame
from ..image_files import read_image_file

FRAMES_FOLDER = 'posed_images'
INTRINSIC_FILE = 'intrinsic.txt'
MILLIMETRE = 1e-3


class UnusableFrameError(ValueError):
    """A frame that recordings contain now and then and that training skips: lost pose, empty depth."""


def check_frames_folder(folder: str | Path) -> None:
    """Raise ValueError, with what makes it, unless a folder of frames is there."""
    if not Path(folder).is_dir():
        raise ValueError(
            f'folder {folder} of frames is missing: prepare_rgbd_frames makes it of recordings, '
            'make_rooms --frames 6 of generated rooms'
        )


def read_frame(folder: str | Path, name: str, max_depth: float, min_valid: float) -> RGBDFrame:
    """Read one frame.

    Args:
        folder: Folder of the scene's frames.
        name: Name of the frame, such as '00000'.
        max_depth: Farther depths count as not measured, metres.
        min_valid: Least share of pixels with a valid depth.

    Raises:
        UnusableFrameError: If the pose is missing or not finite, or too few pixels have a valid depth.
        ValueError: Naming the file, if one is missing or broken, colour and depth differ in size, or the
            intrinsics belong to another resolution.
    """
    stem = Path(folder) / name
    pose = _read_pose(stem.with_suffix('.txt'))
    image = read_image_file(stem.with_suffix('.jpg'), cv2.IMREAD_COLOR)[..., ::-1]
    depth = read_depth(stem.with_suffix('.png'))
    if image.shape[:2] != depth.shape:
        raise ValueError(
            f'frame {stem}: colour and depth must have one size (height, width), '
            f'got {image.shape[:2]} and {depth.shape}'
        )
    intrinsic_path = Path(folder) / INTRINSIC_FILE
    intrinsic = read_matrix(intrinsic_path)
    check_intrinsic(intrinsic, depth.shape[1], depth.shape[0], f'file {intrinsic_path}')
    depth[depth > max_depth] = 0
    valid = np.count_nonzero(depth) / depth.size
    if valid == 0 or valid < min_valid:
        raise UnusableFrameError(f'frame {stem}: {valid:.1%} of its pixels have a valid depth')
    return RGBDFrame(str(stem), np.ascontiguousarray(image), depth, pose, intrinsic)


def read_depth(path: str | Path) -> np.ndarray:
    """(height, width) float32 metres of a uint16 file in millimetres.

    Raises:
        ValueError: Naming the file, if it is missing, broken or not 16-bit grey.
    """
    depth = read_image_file(path, cv2.IMREAD_UNCHANGED)
    if depth.ndim != 2 or depth.dtype != np.uint16:
        raise ValueError(f'file {path} must hold one 16-bit channel, got {depth.dtype} {depth.shape}')
    return depth.astype(np.float32) * np.float32(MILLIMETRE)


def read_matrix(path: str | Path) -> np.ndarray:
    """A (4, 4) float64 matrix from text; one of (3, 3) is completed.

    Raises:
        ValueError: Naming the file, if it is missing or holds something else.
    """
    if not Path(path).is_file():
        raise ValueError(f'file {path} is missing')
    try:
        matrix = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise ValueError(f'file {path} must hold a matrix: {error}') from error
    if matrix.shape not in ((3, 3), (4, 4)):
        raise ValueError(f'file {path} must hold 3 x 3 or 4 x 4 numbers, got {matrix.shape}')
    completed = np.eye(4)
    completed[: len(matrix), : len(matrix)] = matrix
    return completed


def frame_names(folder: str | Path) -> tuple[list[str], int]:
    """Names of a folder's frames in order, and how many more lack their depth or pose file."""
    files = {path.name for path in Path(folder).iterdir()}
    names = sorted(name[:-4] for name in files if name.endswith('.jpg'))
    whole = [name for name in names if f'{name}.png' in files and f'{name}.txt' in files]
    return whole, len(names) - len(whole)


def write_intrinsic(folder: Path, intrinsic: np.ndarray) -> None:
    """Write the ``(4, 4)`` intrinsic matrix that all frames of a folder share."""
    _write_matrix(folder / INTRINSIC_FILE, intrinsic)


def write_frame(
    folder: Path,
    index: int,
    image: np.ndarray,
    depth_mm: np.ndarray,
    pose: np.ndarray,
    jpeg_options: Sequence[int] = (),
    png_options: Sequence[int] = (),
) -> None:
    """Write one frame.

    Args:
        folder: Folder of the scene's frames.
        index: Number of the frame, its name.
        image: ``(height, width, 3)`` uint8 RGB.
        depth_mm: ``(height, width)`` uint16 millimetres, 0 where nothing was measured.
        pose: ``(4, 4)`` camera-to-world matrix, metres.
        jpeg_options: Parameters of the colour for ``cv2.imencode``.
        png_options: Those of the depth.
    """
    stem = folder / f'{index:05d}'
    _write_image(stem.with_suffix('.jpg'), image[..., ::-1], jpeg_options)
    _write_image(stem.with_suffix('.png'), depth_mm, png_options)
    _write_matrix(stem.with_suffix('.txt'), pose)


def _write_matrix(path: Path, matrix: np.ndarray) -> None:
    np.savetxt(path, matrix, fmt='%.9f')


def _write_image(path: Path, image: np.ndarray, options: Sequence[int]) -> None:
    # cv2.imwrite says nothing when the disk is full.
    path.write_bytes(cv2.imencode(path.suffix, np.ascontiguousarray(image), list(options))[1])


def _read_pose(path: Path) -> np.ndarray:
    if not path.is_file():
        raise UnusableFrameError(f'file {path} is missing')
    pose = read_matrix(path)
    if not is_rigid(pose):
        raise UnusableFrameError(f'file {path} holds no finite rotation and shift')
    return pose
