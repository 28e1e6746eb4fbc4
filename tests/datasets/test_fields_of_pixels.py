"""Fields of a frame's pixels move along with its image."""

import numpy as np
import pytest
from mmdet3d.registry import TRANSFORMS
from posed_frames import INTRINSIC

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms.views.view_packing import pack_fields
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame


def frame(height=24, width=32):
    """The depth of a pixel is told by its colour: u + 256 v in red and green."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([columns, rows, 0 * rows], axis=2).astype(np.uint8)
    return RGBDFrame('frame', image, (1 + columns + 256 * rows).astype(np.float32), np.eye(4), INTRINSIC)


def changed(*steps, **kwargs):
    results = dict(frames=[frame(**kwargs)])
    for step in (dict(type='KeepDepth'), *steps):
        results = TRANSFORMS.build(step).transform(results)
    return results['frames']


def told_by_colours(image):
    return 1 + image[..., 0].astype(int) + 256 * image[..., 1].astype(int)


def test_a_crop_and_a_mirror_image_keep_the_depth_of_each_pixel():
    np.random.seed(0)
    steps = [dict(type='CropFrames', size=(20, 15)), dict(type='FlipFrames', prob=1.0)]
    (moved,) = changed(*steps)
    assert moved.per_pixel['depth'].shape == (15, 20)
    np.testing.assert_array_equal(moved.per_pixel['depth'], told_by_colours(moved.image))


def test_where_a_crop_has_no_image_nothing_is_known():
    (moved,) = changed(dict(type='CropFrames', size=(40, 30)))
    depth = moved.per_pixel['depth']
    np.testing.assert_array_equal(depth[:24, :32], frame().depth)
    assert (depth[24:] == 0).all() and (depth[:, 32:] == 0).all()


def test_a_smaller_image_has_depths_of_the_pixels_in_the_middle_of_its_own():
    (moved,) = changed(dict(type='ResizeFrames', size=(8, 8)), height=24, width=24)
    rows, columns = np.mgrid[:8, :8] * 3 + 1
    np.testing.assert_array_equal(moved.per_pixel['depth'], 1 + columns + 256 * rows)


def test_depth_of_an_image_that_was_moved_before_is_refused():
    results = dict(frames=[frame()])
    TRANSFORMS.build(dict(type='CropFrames', size=(16, 16))).transform(results)
    with pytest.raises(ValueError, match='frame: the depth must be kept before the image is resized'):
        TRANSFORMS.build(dict(type='KeepDepth')).transform(results)


def test_fields_of_pixels_are_packed_beside_the_images():
    points = NormalPoints.from_columns(np.zeros((5, 6), np.float32))
    packed = pack_fields(dict(points=points, frames=changed() * 2))
    assert packed['per_image']['depth'].shape == (2, 24, 32)
    np.testing.assert_array_equal(packed['per_image']['depth'][1], frame().depth)


def test_copies_of_a_frame_are_changed_one_by_one():
    np.random.seed(0)
    jitter = dict(type='JitterFrameColors', strength=0.5, prob=1.0)
    first, second, third = changed(dict(type='CopyFrames', copies=3), jitter)
    assert not np.array_equal(first.image, second.image) and not np.array_equal(second.image, third.image)
    first.per_pixel['depth'][:] = 0
    np.testing.assert_array_equal(second.per_pixel['depth'], frame().depth)
