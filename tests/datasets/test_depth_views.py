"""Depth maps and clouds of frames that were cropped and mirrored together."""

import numpy as np
import pytest
from mmdet3d.registry import DATASETS, TRANSFORMS
from posed_frames import SIZE, write_posed_room

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame


def run(step, results, **settings):
    return TRANSFORMS.build(dict(type=step, **settings))(results)


@pytest.fixture
def sample(tmp_path):
    write_posed_room(tmp_path)
    pipeline = [dict(type='LoadRGBDFrames'), dict(type='BackProjectFrames'), dict(type='KeepDepth')]
    return DATASETS.build(dict(type='RGBDFrameDataset', data_root=str(tmp_path), pipeline=pipeline))[0]


@pytest.mark.parametrize('seed', range(5))
def test_a_pixel_shows_its_own_point_in_the_map_after_resize_crop_and_flip(sample, seed):
    (frame,) = sample['frames']
    source = frame.pixels.copy()  # of each point, by its id
    width, height = SIZE
    number = np.arange(height * width, dtype=np.float32).reshape(height, width)
    frame.per_pixel['depth'] = number  # which pixel each value came from
    np.random.seed(seed)
    run('ResizeFrames', sample, size=SIZE, ratio_range=(1.1, 1.4))
    run('CropFrames', sample, size=SIZE)
    run('FlipFrames', sample, prob=1.0)
    assert 0.4 * len(source) < len(frame.pixels) < 0.9 * len(source)
    column, row = np.round(frame.pixels).astype(int).T
    expected = source[frame.point_ids]
    found = frame.per_pixel['depth'][row, column]
    np.testing.assert_array_equal(found, expected[:, 1] * width + expected[:, 0])


def test_points_that_no_frame_shows_any_more_are_dropped_with_their_fields(sample):
    (frame,) = sample['frames']
    before = sample['points'].tensor.numpy().copy()
    run('CropFrames', sample, size=(12, 10))
    kept = sorted(frame.point_ids.tolist())
    sample = run('KeepShownPoints', sample)
    assert len(kept) == 120 and sample['per_point']['point_ids'].tolist() == kept
    np.testing.assert_array_equal(sample['points'].tensor.numpy(), before[kept])


def test_a_sample_of_which_nothing_is_shown_is_skipped(sample):
    (frame,) = sample['frames']
    frame.keep_matches(np.zeros(0, dtype=np.int64))
    assert run('KeepShownPoints', sample) is None


def test_points_without_matches_are_named(sample):
    del sample['per_point']
    with pytest.raises(ValueError, match='points must be matched with the frames before KeepShownPoints'):
        run('KeepShownPoints', sample)


def frame_of_ones(height=60, width=80):
    ones = np.ones((height, width), dtype=np.float32)
    frame = RGBDFrame('frame', np.zeros((height, width, 3), np.uint8), ones, np.eye(4), np.eye(4))
    frame.per_pixel['depth'] = ones
    return frame


def test_as_many_pixels_and_a_box_as_large_as_told_lose_their_depth():
    shares, seen = [], np.zeros((60, 80), dtype=bool)
    for seed in range(40):
        np.random.seed(seed)
        frame = frame_of_ones()
        run('EraseDepth', dict(frames=[frame]), drop=0.0, box=(0.2, 0.4))
        erased = frame.per_pixel['depth'] == 0
        rows, columns = (np.flatnonzero(erased.any(axis=axis)) for axis in (1, 0))
        assert erased.sum() == len(rows) * len(columns) and erased[rows[0] : rows[-1] + 1, columns].all()
        shares.append((len(rows) / 60, len(columns) / 80))
        seen |= erased
        assert (frame.depth == 1).all()  # the recording stays
    assert 0.19 < np.min(shares) < 0.25 and 0.35 < np.max(shares) < 0.41 and seen.mean() > 0.8
    frame = frame_of_ones()
    run('EraseDepth', dict(frames=[frame]), drop=0.2, box=(0.0, 0.0))
    assert (frame.per_pixel['depth'] == 0).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(drop=1.5), 'drop must'),
        (dict(box=(0.2, 1.4)), r'box must lie in \[0, 1\], got \(0.2, 1.4\)'),
        (dict(box=(-0.2, 0.4)), r'box must lie in \[0, 1\]'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        run('EraseDepth', dict(frames=[frame_of_ones()]), **settings)


def test_depth_that_was_not_kept_is_named():
    frame = frame_of_ones()
    frame.per_pixel = {}
    with pytest.raises(ValueError, match=r'frame: the depth must be kept \(KeepDepth\) before EraseDepth'):
        run('EraseDepth', dict(frames=[frame]))
