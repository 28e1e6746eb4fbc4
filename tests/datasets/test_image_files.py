"""Images are decoded whole or refused by name, and a header that lies takes no memory."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from posed_frames import write_posed_room

from swin3d_mmdet3d.datasets.image_files import decode_image, read_image_file
from swin3d_mmdet3d.datasets.layout.frames import read_frame


def encoded(suffix, image):
    return cv2.imencode(suffix, image)[1].tobytes()


def png_that_claims(width, height):
    """A PNG of 8 x 8 pixels whose header has another size and the right check sum."""
    data = encoded('.png', np.zeros((8, 8), np.uint16))
    header = b'IHDR' + struct.pack('>II', width, height) + data[24:29]
    return data[:12] + header + struct.pack('>I', zlib.crc32(header)) + data[33:]


def jpeg_that_claims(width, height):
    data = encoded('.jpg', np.zeros((8, 8, 3), np.uint8))
    start = data.index(b'\xff\xc0') + 5
    return data[:start] + struct.pack('>HH', height, width) + data[start + 4 :]


@pytest.mark.parametrize('size', [(30_000, 30_000), (1, 2**31 - 1)])
def test_a_png_that_promises_more_pixels_than_it_holds_is_refused(size, monkeypatch):
    monkeypatch.setattr(cv2, 'imdecode', None)  # never reached
    with pytest.raises(ValueError, match=f'a.png promises {size[0]} x {size[1]} pixels, more than its'):
        decode_image(png_that_claims(*size), cv2.IMREAD_UNCHANGED, 'a.png')


def test_a_jpeg_that_promises_more_pixels_than_it_holds_is_refused():
    with pytest.raises(ValueError, match='a.jpg promises 60000 x 60000 pixels'):
        decode_image(jpeg_that_claims(60_000, 60_000), cv2.IMREAD_COLOR, 'a.jpg')


@pytest.mark.parametrize('data', [b'', b'hello', b'\xff\xd8\xff', png_that_claims(0, 8)])
def test_what_is_no_image_is_refused_by_name(data):
    with pytest.raises(ValueError, match='a.jpg must be an image'):
        decode_image(data, cv2.IMREAD_COLOR, 'a.jpg')


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
@pytest.mark.parametrize('value', [0, 255])
def test_large_images_of_one_colour_are_read(suffix, value, tmp_path):
    for shape in ((968, 1296, 3), (2048, 2048)):
        image = np.full(shape, value, np.uint8)
        options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_OPTIMIZE, 1] if suffix == '.jpg' else []
        cv2.imwrite(str(tmp_path / f'a{suffix}'), image, options)
        np.testing.assert_array_equal(
            read_image_file(tmp_path / f'a{suffix}', cv2.IMREAD_UNCHANGED), image, strict=True
        )


@pytest.mark.parametrize('bits', [1, 4])
def test_palette_images_of_few_bits_are_read(bits, tmp_path):
    Image.new('P', (2048, 1024)).save(tmp_path / 'a.png', bits=bits)
    assert read_image_file(tmp_path / 'a.png', cv2.IMREAD_COLOR).shape == (1024, 2048, 3)


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_an_empty_file_of_a_frame_is_named(suffix, tmp_path):
    folder = write_posed_room(tmp_path) / 'posed_images' / 'room'
    (folder / f'00001{suffix}').write_bytes(b'')
    with pytest.raises(ValueError, match=f'00001{suffix} must be an image, it is empty'):
        read_frame(folder, '00001', 10.0, 0.0)
