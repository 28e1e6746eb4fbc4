"""Augmentations happen as often as asked, in both directions, and draw from all there is."""

import copy
import math

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, TRANSFORMS
from posed_frames import INTRINSIC, write_posed_room

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

DRAWS, PROB = 400, 0.3


class OneScene:
    """A data set of one scene."""

    def __len__(self):
        return 1

    def get_data_info(self, index):
        return dict(points=cloud())


def cloud():
    """Twenty points of all colours in [-1, 1] or [0, 255]."""
    columns = torch.rand(20, 6, generator=torch.Generator().manual_seed(1))
    return NormalPoints.from_columns(columns)


def frame(image):
    """A frame of this image whose every second pixel shows a point."""
    made = RGBDFrame('frame', image, np.ones(image.shape[:2], np.float32), np.eye(4), INTRINSIC)
    made.set_matches(np.array([[1.0, 2.0], [5.0, 0.0]]), np.array([0, 1]))
    return made


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [
        ('RandomAxisRotation', dict(axis='z', angle_range=(1.0, 1.0))),
        ('ElasticDistortion', dict(scales=[(0.5, 0.1)])),
        ('ChromaticAutoContrast', {}),
        ('ChromaticTranslation', {}),
        ('ChromaticJitter', {}),
        ('RandomDropColor', {}),
        ('RandomPointDropout', dict(drop_ratio=0.5)),
        ('Mix3D', dict(pre_transform=[dict(type='CenterShift')])),
        ('FlipFrames', {}),
        ('JitterFrameColors', dict(strength=0.5)),
    ],
)
def test_a_transform_changes_as_many_samples_as_asked(name, arguments):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    changed = {}
    for prob in (0.0, PROB):
        transform, changed[prob] = TRANSFORMS.build(dict(type=name, prob=prob, **arguments)), 0
        for _ in range(DRAWS):
            points, shown = cloud(), frame(image)
            results = transform(dict(points=points, frames=[shown], dataset=OneScene()))
            same = len(results['points']) == 20 and torch.equal(results['points'].tensor, cloud().tensor)
            changed[prob] += not (same and np.array_equal(shown.image, image))
    assert changed[0.0] == 0
    assert abs(changed[PROB] - PROB * DRAWS) < 5 * math.sqrt(DRAWS * PROB * (1 - PROB))


def test_images_get_darker_as_often_as_brighter():
    jitter = TRANSFORMS.build(dict(type='JitterFrameColors', strength=0.3, prob=1.0))
    grey = frame(np.full((4, 6, 3), 100, dtype=np.uint8))
    means = []
    for _ in range(DRAWS):
        shown = copy.copy(grey)
        jitter.change(shown)
        means.append(shown.image.mean())
    assert 70 <= min(means) < 75 and 125 < max(means) <= 130
    assert abs(np.mean(means) - 100) < 5 * 30 / math.sqrt(3 * DRAWS)


def test_colours_of_an_image_change_by_the_three_factors(monkeypatch):
    image = np.random.default_rng(0).integers(60, 180, (4, 6, 3)).astype(np.uint8)
    monkeypatch.setattr(np.random, 'uniform', lambda low, high, count: np.array([1.1, 0.7, 0.4]))
    shown = frame(image)
    TRANSFORMS.build(dict(type='JitterFrameColors', strength=0.7, prob=1.0)).change(shown)
    bright = 1.1 * image.astype(np.float64)
    contrast = bright.mean() + 0.7 * (bright - bright.mean())
    grey = contrast.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(shown.image, grey + 0.4 * (contrast - grey), atol=0.51)


@pytest.mark.parametrize(
    ('pixels', 'kept'), [([(10, 9), (12, 11), (13, 8)], 3), ([(2, 2), (3, 3), (30, 20)], 2)]
)
def test_crops_of_images_keep_the_pixels_that_show_points(pixels, kept):
    crop = TRANSFORMS.build(dict(type='CropFrames', size=(8, 8), min_kept=1.0, attempts=400))
    for _ in range(5):
        shown = frame(np.zeros((24, 32, 3), dtype=np.uint8))
        shown.set_matches(np.array(pixels), np.arange(3))
        crop.change(shown)
        assert len(shown.point_ids) == kept


def test_every_frame_of_a_scene_is_drawn(tmp_path):
    pipeline = [dict(type='LoadRGBDFrames', num_frames=1)]
    root = write_posed_room(tmp_path)
    dataset = DATASETS.build(
        dict(type='RGBDSceneDataset', data_root=str(root), ann_file='scenes.pkl', pipeline=pipeline)
    )
    drawn = {dataset[0]['frames'][0].name for _ in range(60)}
    assert len(drawn) == 4


def test_pixels_stay_as_far_as_the_edge_of_the_image():
    shown = frame(np.zeros((4, 6, 3), dtype=np.uint8))
    u, v = np.array([-0.51, -0.49, 5.49, 5.51, 2, 2, 2, 2]), np.array([1, 1, 1, 1, -0.51, -0.49, 3.49, 3.51])
    shown.set_matches(np.stack([u, v], axis=1), np.arange(8))
    shown.keep_pixels_inside()
    assert shown.point_ids.tolist() == [1, 2, 5, 6]
