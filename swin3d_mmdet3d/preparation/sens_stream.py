"""Reading of ScanNet's .sens streams: colour jpeg, depth zlib or raw uint16, pose and intrinsics a frame."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np

from swin3d_mmdet3d.geometry.camera import scale_intrinsic

VERSION = 4
DEPTH_RAW, DEPTH_ZLIB = 0, 1
MATRIX_BYTES = 64
REGISTRATION_TOLERANCE = 0.03


class RecordedFrame(NamedTuple):
    """A frame as recorded; parts that the recording lacks are None.

    Attributes:
        name: What messages call it.
        image: ``(height, width, 3)`` uint8 RGB at the depth's resolution.
        depth_mm: ``(height, width)`` uint16 millimetres.
        pose: ``(4, 4)`` camera-to-world matrix.
    """

    name: str
    image: np.ndarray
    depth_mm: np.ndarray
    pose: np.ndarray | None


class SensStream:
    """One recording; colour is resized to the depth's resolution, to which its depth is registered.

    Args:
        path: The file.

    Attributes:
        intrinsic: ``(4, 4)`` intrinsic matrix of the depth.
        num_frames: Frames in the file.

    Raises:
        ValueError: Naming the file, if it is missing, of another version or compression, or its depth is
            not registered to its colour.

    Source: SensorData.h of github.com/ScanNet/ScanNet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(f'stream {path} is missing')
        with open(self.path, 'rb') as file:
            (version,) = self._unpack(file, '<I')
            if version != VERSION:
                raise ValueError(f'stream {path} must be of version {VERSION}, got {version}')
            (length,) = self._unpack(file, '<Q')
            self._read(file, length)
            color, _, self.intrinsic, _ = (self._matrix(file) for _ in range(4))
            _, self.depth_compression = self._unpack(file, '<ii')
            width, height, depth_width, depth_height = self._unpack(file, '<IIII')
            (self.depth_shift,) = self._unpack(file, '<f')
            (self.num_frames,) = self._unpack(file, '<Q')
            self._first_frame = file.tell()
        self.depth_size = (depth_width, depth_height)
        if self.depth_compression not in (DEPTH_RAW, DEPTH_ZLIB):
            raise ValueError(
                f'stream {path} must hold raw or zlib depth, got compression {self.depth_compression}'
            )
        self._check_registration(scale_intrinsic(color, depth_width / width, depth_height / height))

    def frames(self, every: int = 1) -> Iterator[RecordedFrame]:
        """Every n-th frame in order."""
        with open(self.path, 'rb') as file:
            file.seek(self._first_frame)
            for index in range(self.num_frames):
                pose = self._matrix(file)
                _, _, color_bytes, depth_bytes = self._unpack(file, '<QQQQ')
                if index % every:
                    file.seek(color_bytes + depth_bytes, 1)
                    continue
                color, depth = self._read(file, color_bytes), self._read(file, depth_bytes)
                name = f'{self.path}, frame {index}'
                yield RecordedFrame(name, self._image(color, name), self._depth(depth, name), pose)

    def _check_registration(self, color: np.ndarray) -> None:
        entries = ([0, 1, 0, 1], [0, 1, 2, 2])
        if not np.allclose(color[entries], self.intrinsic[entries], rtol=REGISTRATION_TOLERANCE):
            raise ValueError(
                f'stream {self.path}: depth must be registered to colour, got intrinsics '
                f'{self.intrinsic[entries].tolist()} and, scaled, {color[entries].tolist()}'
            )

    def _image(self, data: bytes, name: str) -> np.ndarray:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f'{name}: colour must be an image, got {len(data)} bytes of something else')
        return cv2.resize(image, self.depth_size, interpolation=cv2.INTER_AREA)[..., ::-1]

    def _depth(self, data: bytes, name: str) -> np.ndarray:
        try:
            raw = zlib.decompress(data) if self.depth_compression == DEPTH_ZLIB else data
        except zlib.error as error:
            raise ValueError(f'{name}: depth must be zlib data, {error}') from error
        width, height = self.depth_size
        if len(raw) != 2 * width * height:
            raise ValueError(f'{name}: depth must have {2 * width * height} bytes, got {len(raw)}')
        depth = np.frombuffer(raw, dtype='<u2').reshape(height, width)
        if self.depth_shift == 1000:
            return depth
        return np.clip(depth * (1000 / self.depth_shift), 0, 65535).round().astype(np.uint16)

    def _matrix(self, file: BinaryIO) -> np.ndarray:
        data = self._read(file, MATRIX_BYTES)
        return np.frombuffer(data, dtype='<f4').reshape(4, 4).astype(np.float64)

    def _unpack(self, file: BinaryIO, layout: str) -> tuple:
        return struct.unpack(layout, self._read(file, struct.calcsize(layout)))

    def _read(self, file: BinaryIO, length: int) -> bytes:
        data = file.read(length)
        if len(data) != length:
            raise ValueError(f'stream {self.path} is truncated at byte {file.tell()}')
        return data
