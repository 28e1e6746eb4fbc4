"""Posed RGB-D frames of recordings, in the layout that the frame data sets read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_folder
from ..datasets.layout.frames import write_frame, write_intrinsic
from ..geometry.camera import check_intrinsic, is_rigid
from .frame_folder import FrameFolder
from .sens_stream import RecordedFrame, SensStream

UP_AXES = {
    'z': np.eye(3),
    'y': np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    '-y': np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}
"""World axis that points up in a recording -> rotation that makes it z."""


def prepare_recording(
    source: str | Path, folder: str | Path, every: int = 25, up: str = 'z', min_valid: float = 0.05
) -> Counter:
    """Write every n-th frame of a recording; all of them or, where one is broken, none.

    Args:
        source: A .sens stream, or a folder of frames (:class:`FrameFolder`).
        folder: Where the frames go, ``<data root>/posed_images/<scene>``; must not exist.
        every: Distance of the frames that are used.
        up: World axis that points up in the recording's poses: 'z', 'y' or '-y'.
        min_valid: Least share of pixels with a depth.

    Returns:
        Number of frames written ('frames') and of those skipped for want of a 'pose' or 'depth'.

    Raises:
        ValueError: Naming source, file or frame, if something is broken, colour and depth differ in size, the
            intrinsics belong to another resolution, or no frame is left.
    """
    if every < 1:
        raise ValueError(f'every must be at least 1, got {every}')
    if up not in UP_AXES:
        raise ValueError(f'up must be one of {sorted(UP_AXES)}, got {up!r}')
    recording = SensStream(source) if Path(source).suffix == '.sens' else FrameFolder(source)
    folder = Path(folder)
    if folder.exists():
        raise ValueError(f'folder must not exist yet, got {folder}')
    with atomic_folder(folder) as part:
        counts = _write(recording, part, every, up, min_valid)
        if not counts['frames']:
            raise ValueError(f'{source} has no usable frame: {dict(counts)}')
    return counts


def _write(
    recording: SensStream | FrameFolder, folder: Path, every: int, up: str, min_valid: float
) -> Counter:
    write_intrinsic(folder, recording.intrinsic)
    turn = np.eye(4)
    turn[:3, :3] = UP_AXES[up]
    counts: Counter = Counter(frames=0)
    for frame in recording.frames(every):
        lacking = _lacking_part(frame, recording.intrinsic, min_valid)
        if lacking is None:
            write_frame(folder, counts['frames'], frame.image, frame.depth_mm, turn @ frame.pose)
        counts[lacking or 'frames'] += 1
    return counts


def _lacking_part(frame: RecordedFrame, intrinsic: np.ndarray, min_valid: float) -> str | None:
    height, width = frame.depth_mm.shape
    if frame.image.shape[:2] != (height, width):
        raise ValueError(
            f'{frame.name}: colour and depth must have one size (height, width), '
            f'got {frame.image.shape[:2]} and {(height, width)}'
        )
    check_intrinsic(intrinsic, width, height, f'{frame.name}: intrinsic matrix')
    if frame.pose is None or not is_rigid(frame.pose):
        return 'pose'
    if np.count_nonzero(frame.depth_mm) <= min_valid * frame.depth_mm.size:
        return 'depth'
    return None
