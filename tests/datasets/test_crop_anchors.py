"""Crops of samples with frames lie where a frame shows something; others lie anywhere."""

import copy
import math

import numpy as np
import pytest
from mmdet3d.registry import DATASETS, TRANSFORMS
from posed_frames import INTRINSIC, write_posed_room

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms.point_selection import point_ids
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

CROPS = [dict(type='SphereCrop', max_points=20), dict(type='RadiusCrop', radius=0.05)]


def frame_of(ids):
    """A frame that shows the points of these ids."""
    frame = RGBDFrame(
        'frame', np.zeros((24, 32, 3), np.uint8), np.ones((24, 32), np.float32), np.eye(4), INTRINSIC
    )
    frame.set_matches(np.zeros((len(ids), 2)), np.array(ids, dtype=np.int64))
    return frame


def line(*shown):
    """400 points along a metre, with the ids 1000 .. 1399, and a frame for each list of ids."""
    columns = np.zeros((400, 6), dtype=np.float32)
    columns[:, 0] = np.linspace(0, 1, 400)
    ids = 1000 + np.arange(400)
    frames = dict(frames=[frame_of(each) for each in shown]) if shown else {}
    return dict(points=NormalPoints.from_columns(columns), per_point=dict(point_ids=ids), **frames)


@pytest.mark.parametrize('crop', CROPS, ids=lambda crop: crop['type'])
def test_every_crop_holds_a_point_that_a_frame_shows(crop):
    transform = TRANSFORMS.build(crop)
    shuffled = np.random.default_rng(0).permutation(400)
    for _ in range(30):
        results = line([1003, 1390, 7, 99999])  # two of the ids are of points that have left
        results['points'] = results['points'][shuffled]
        results['per_point']['point_ids'] = point_ids(results)[shuffled]
        assert np.isin([1003, 1390], point_ids(transform(results))).any()


@pytest.mark.parametrize('crop', CROPS, ids=lambda crop: crop['type'])
def test_a_frame_that_shows_little_is_the_anchor_as_often_as_one_that_shows_much(crop):
    transform = TRANSFORMS.build(crop)
    results = line([1000], range(1100, 1399), [])
    first = sum(int(1000 in point_ids(transform(copy.copy(results)))) for _ in range(600))
    assert abs(first - 300) < 5 * math.sqrt(150)


@pytest.mark.parametrize('crop', CROPS, ids=lambda crop: crop['type'])
def test_random_anchors_and_samples_without_a_shown_point_crop_anywhere(crop):
    def number_of_centres(results, **arguments):
        transform = TRANSFORMS.build(dict(crop, **arguments))
        return len({int(point_ids(transform(copy.copy(results)))[0]) for _ in range(60)})

    unmatched = line([1000])
    del unmatched['per_point']
    assert len(TRANSFORMS.build(crop)(unmatched)['points']) >= 10
    assert number_of_centres(line([1000])) == 1
    assert number_of_centres(line([1000]), anchor='random') > 30
    assert number_of_centres(line([], [5])) > 30


@pytest.mark.parametrize('crop', CROPS, ids=lambda crop: crop['type'])
def test_samples_without_frames_are_cropped_as_with_random_anchors(crop):
    crops = []
    for anchor in ('matched', 'random'):
        np.random.seed(3)
        crops.append(point_ids(TRANSFORMS.build(dict(crop, anchor=anchor))(line())))
    np.testing.assert_array_equal(*crops)


def test_scenes_with_frames_never_lose_all_their_pairs(tmp_path):
    pipeline = [
        dict(type='LoadColoredPoints'),
        dict(type='LoadRGBDFrames', num_frames=1),
        dict(type='MatchVisiblePixels', tolerance=0.02),
        dict(type='GridSample', voxel_size=0.1),
        dict(type='SphereCrop', max_points=100),
        dict(type='PackPretrainInputs'),
    ]
    root = write_posed_room(tmp_path)
    dataset = DATASETS.build(
        dict(type='RGBDSceneDataset', data_root=str(root), ann_file='scenes.pkl', pipeline=pipeline)
    )
    pairs = [len(dataset[0]['inputs']['views'][0]['per_match']['point']) for _ in range(20)]
    assert min(pairs) > 0


@pytest.mark.parametrize('crop', CROPS, ids=lambda crop: crop['type'])
def test_unknown_anchors_are_refused_by_name(crop):
    with pytest.raises(ValueError, match="anchor must be one of 'matched', 'random', got 'frame'"):
        TRANSFORMS.build(dict(crop, anchor='frame'))
