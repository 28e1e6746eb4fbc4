"""A few bytes that promise gigabytes are refused by name before memory is set aside for them."""

import io
import struct
import tracemalloc
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from swin3d_mmdet3d import size_limits
from swin3d_mmdet3d.datasets.image_files import read_image_file
from swin3d_mmdet3d.language.text_table import load_text_table
from swin3d_mmdet3d.preparation.raw_files import read_image
from swin3d_mmdet3d.preparation.sens_stream import SensStream
from swin3d_mmdet3d.scan_files import glb, read_scan
from swin3d_mmdet3d.size_limits import LIMIT_VARIABLE, check_unpacked, unpacked_limit

TRIANGLE = 'mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n'


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    """So that a bomb of the tests takes megabytes, not gigabytes, where it is not noticed."""
    monkeypatch.setattr(size_limits, 'ALWAYS_ALLOWED', 1 << 20)
    monkeypatch.delenv(LIMIT_VARIABLE, raising=False)


def write_npz(path):
    """A packed table of zeros: 12 MB in 12 kB."""
    np.savez_compressed(path, points=np.zeros((10**6, 3), np.float32))


def png_of_one_colour():
    file = io.BytesIO()
    Image.new('L', (4000, 4000)).save(file, 'png', compress_level=9)
    return file.getvalue()


def write_obj(path):
    path.write_text(TRIANGLE)
    path.with_name('a.mtl').write_text('newmtl m\nmap_Kd a.png\n')
    path.with_name('a.png').write_bytes(png_of_one_colour())


def write_sens(path, width=4000, height=4000):
    """A stream of one frame, a packed depth of zeros: 32 MB in 31 kB."""
    matrices = [np.diag([500.0, 500, 1, 1]), np.eye(4), np.diag([500.0, 500, 1, 1]), np.eye(4)]
    head = struct.pack('<IQ', 4, 0) + b''.join(m.astype('<f4').tobytes() for m in matrices)
    head += struct.pack('<iiIIIIfQ', 2, 1, width, height, width, height, 1000.0, 1)
    depth = zlib.compress(bytes(2 * width * height), 9)
    frame = np.eye(4, dtype='<f4').tobytes() + struct.pack('<QQQQ', 0, 0, 3, len(depth))
    path.write_bytes(head + frame + b'abc' + depth)


def png_file(path):
    path.write_bytes(png_of_one_colour())


def write_table(path):
    np.savez_compressed(path, names=np.array(['a']), vectors=np.zeros((1, 10**6)), encoder=np.array('x'))


BOMBS = {
    'a.npz': (write_npz, read_scan),
    'table.npz': (write_table, load_text_table),
    'a.obj': (write_obj, read_scan),
    'a.sens': (write_sens, lambda path: next(SensStream(path).frames())),
    'frame.png': (png_file, lambda path: read_image_file(path, -1)),
    'raw.png': (png_file, lambda path: read_image('room', path)),
}


@pytest.mark.parametrize('name', BOMBS)
def test_a_bomb_is_refused_by_name_and_the_variable_lets_it_in(name, tmp_path, monkeypatch):
    write, read = BOMBS[name]
    path = tmp_path / name
    write(path)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f'{LIMIT_VARIABLE} sets') as refusal:
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stem in str(refusal.value) and peak < 3 << 20
    monkeypatch.setenv(LIMIT_VARIABLE, '5000')
    try:
        read(path)
    except ValueError as error:
        assert LIMIT_VARIABLE not in str(error)


def test_a_texture_within_a_glb_is_looked_at_before_it_is_decoded():
    class Picture:
        size = (60_000, 60_000)

        def convert(self, mode):
            raise MemoryError

    with pytest.raises(
        ValueError, match='a texture of 60000 x 60000 pixels: 14400000000 bytes are more than'
    ):
        glb._picture(SimpleNamespace(baseColorTexture=Picture()), 5000)


def test_the_limit_grows_with_the_file_and_by_the_variable(monkeypatch):
    monkeypatch.undo()
    assert unpacked_limit(0) == 256 << 20
    assert unpacked_limit(10**6) - unpacked_limit(0) == 64 * 10**6
    check_unpacked(unpacked_limit(7), 7, 'a')
    with pytest.raises(ValueError, match='^a: .* are more than the '):
        check_unpacked(unpacked_limit(7) + 1, 7, 'a')
    monkeypatch.setenv(LIMIT_VARIABLE, '1.5')
    assert unpacked_limit(10) == (256 << 20) + 15


@pytest.mark.parametrize('value', ['many', '0', '-1', 'nan', 'inf'])
def test_the_variable_is_a_number_of_at_least_1(value, monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, value)
    with pytest.raises(ValueError, match=f'{LIMIT_VARIABLE} must be a number of at least 1, got {value!r}'):
        unpacked_limit(1)


@pytest.mark.parametrize('chunk', [b'IDAT', b'IEND'])
def test_a_png_whose_part_promises_more_than_follows_is_refused_before_it_is_decoded(chunk, tmp_path):
    packed = io.BytesIO()
    Image.fromarray(np.arange(32 * 24, dtype=np.uint16).reshape(24, 32)).save(packed, 'PNG')
    whole = packed.getvalue()
    (tmp_path / 'a.png').write_bytes(whole)
    assert read_image_file(tmp_path / 'a.png', cv2.IMREAD_UNCHANGED).shape == (24, 32)
    at = whole.index(chunk) - 4
    (tmp_path / 'a.png').write_bytes(whole[:at] + struct.pack('>I', 1 << 30) + whole[at + 4 :])
    with pytest.raises(
        ValueError, match=f'a.png must be an image, it is truncated: a part promises {1 << 30}'
    ):
        read_image_file(tmp_path / 'a.png', cv2.IMREAD_UNCHANGED)
