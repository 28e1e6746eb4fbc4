import numpy as np
import pytest
from mmdet3d.registry import TRANSFORMS

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms.views.view_packing import pack_fields
from swin3d_mmdet3d.structures.normal_points import NormalPoints


def room(num_points=200):
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, [4, 3, 2.5], (num_points, 3))
    return np.concatenate([xyz, rng.integers(0, 256, (num_points, 3))], axis=1).astype(np.float32)


def apply(results, **settings):
    return TRANSFORMS.build(dict(type='AxisViews', **settings)).transform(results)


def test_every_point_is_matched_with_the_pixel_of_its_colour_in_three_images():
    cloud = room(12)
    cloud[:, :3] = np.arange(12)[:, None] * 0.3  # along the diagonal: none hides another
    fields = pack_fields(apply(dict(points=NormalPoints.from_columns(cloud))))
    match, images = fields['per_match'], fields['per_image']['images']
    assert images.shape == (3, 3, 224, 224)
    assert sorted(zip(match['image'].tolist(), match['point'].tolist())) == [
        (image, point) for image in range(3) for point in range(12)
    ]
    column, row = match['pixel'].long().T
    np.testing.assert_allclose(images[match['image'], :, row, column], cloud[match['point'], 3:], atol=1)


def test_matches_follow_the_points_that_are_left():
    results = apply(dict(points=NormalPoints.from_columns(room())))
    before = pack_fields(results)['per_match']
    thinned = TRANSFORMS.build(dict(type='SphereCrop', max_points=50)).transform(results)
    ids, after = thinned['per_point']['point_ids'], pack_fields(thinned)['per_match']
    assert len(after['point']) == 150
    for image, point, pixel in zip(after['image'], after['point'], after['pixel']):
        row = (before['image'] == image) & (before['point'] == int(ids[point]))
        assert before['pixel'][row].tolist() == [pixel.tolist()]


def test_depth_images_have_no_colour():
    results = apply(dict(points=NormalPoints.from_columns(room())), paint='depth', size=64)
    for frame in results['frames']:
        assert frame.size == (64, 64) and (frame.image == frame.image[..., :1]).all()
        assert (frame.image[0, 0] == 128).all() and frame.image.max() > 128


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(ValueError, match=r'scene without a file: xyz must be \(P, 3\) with P >= 1'):
        apply(dict(points=NormalPoints.from_columns(room(0))))
    signed = room()
    signed[:, 3:] = -1
    with pytest.raises(ValueError, match=r'colors must lie in \[0, 1\]'):
        apply(dict(points=NormalPoints.from_columns(signed)))
    with pytest.raises(ValueError, match='frames must not be there before AxisViews'):
        apply(dict(points=NormalPoints.from_columns(room()), frames=[]))
    with pytest.raises(ValueError, match="paint must be one of 'color', 'depth', got 'rgb'"):
        apply({}, paint='rgb')
