"""Reading of ScanNet's .sens streams: colour jpeg, depth zlib or raw uint16, pose and intrinsics a frame."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np

from ..datasets.image_files import decode_image
from ..size_limits import check_unpacked
from .colour_registration import at_depth_size, check_registration

VERSION = 4
DEPTH_RAW, DEPTH_ZLIB = 0, 1
MATRIX_BYTES = 64


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
        ValueError: Naming the file, if it is missing, truncated, of another version or compression, without
            a size or a depth scale, or its depth is not registered to its colour.

    Source: SensorData.h of github.com/ScanNet/ScanNet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(f'stream {path} is missing')
        self._size = self.path.stat().st_size
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
        sizes = (width, height, depth_width, depth_height)
        if min(sizes) < 1 or not (np.isfinite(self.depth_shift) and self.depth_shift > 0):
            raise ValueError(
                f'stream {path} must have sizes and a depth shift above 0, got {sizes} and {self.depth_shift}'
            )
        self.depth_size = (depth_width, depth_height)
        if self.depth_compression not in (DEPTH_RAW, DEPTH_ZLIB):
            raise ValueError(
                f'stream {path} must hold raw or zlib depth, got compression {self.depth_compression}'
            )
        check_registration(color, (width, height), self.intrinsic, self.depth_size, f'stream {path}')

    def frames(self, every: int = 1) -> Iterator[RecordedFrame]:
        """Every n-th frame in order."""
        with open(self.path, 'rb') as file:
            file.seek(self._first_frame)
            for index in range(self.num_frames):
                pose = self._matrix(file)
                _, _, color_bytes, depth_bytes = self._unpack(file, '<QQQQ')
                if index % every:
                    self._skip(file, color_bytes + depth_bytes)
                    continue
                color, depth_data = self._read(file, color_bytes), self._read(file, depth_bytes)
                name = f'{self.path}, frame {index}'
                # First the depth, which bears out the size to which the colour is brought.
                depth = self._depth(depth_data, name)
                yield RecordedFrame(name, self._image(color, name), depth, pose)

    def _image(self, data: bytes, name: str) -> np.ndarray:
        image = decode_image(data, cv2.IMREAD_COLOR, f'{name}: colour')
        return at_depth_size(image, self.depth_size)[..., ::-1]

    def _depth(self, data: bytes, name: str) -> np.ndarray:
        width, height = self.depth_size
        size = 2 * width * height
        check_unpacked(size, len(data), f'{name}: depth')
        try:
            unpack = zlib.decompressobj()
            raw = unpack.decompress(data, size + 1) if self.depth_compression == DEPTH_ZLIB else data
        except (zlib.error, OverflowError) as error:
            raise ValueError(f'{name}: depth must be zlib data of {size} bytes, {error}') from error
        if len(raw) != size:
            got = f'more than {size}' if len(raw) > size else len(raw)
            raise ValueError(f'{name}: depth must have {size} bytes, got {got}')
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
        self._check_left(file, length)
        return file.read(length)

    def _skip(self, file: BinaryIO, length: int) -> None:
        self._check_left(file, length)
        file.seek(length, 1)

    def _check_left(self, file: BinaryIO, length: int) -> None:
        """A length is compared with the file before memory is set aside for it."""
        if length > self._size - file.tell():
            raise ValueError(
                f'stream {self.path} is truncated at byte {self._size}: '
                f'from byte {file.tell()} it must have {length} more'
            )
