"""What a data set gives the network becomes pictures, of points with labels, boxes, normals and images."""

import json
import re

import numpy as np
import pytest
import torch
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample, PointData
from mmengine.structures import InstanceData
from PIL import Image
from tiny_scenes import write_tiny_s3dis

from swin3d_mmdet3d.tools.browse_dataset import main, sample_views, view_picture, visible_colors

PALETTE, NAMES = [(200, 0, 0), (0, 200, 0)], ('a', 'b')


def test_training_samples_of_a_config_are_drawn_and_repeat_by_seed(tmp_path):
    root = write_tiny_s3dis(tmp_path / 'data', num_points=900)
    words = ['swin3d-tiny_rooms-seg', f'--data-root={root}', '--num=2', '--html']
    for out in ('one', 'two'):
        assert main([*words, f'--out={tmp_path / out}']) == 0
    assert main([*words, f'--out={tmp_path / "other"}', '--seed=1']) == 0
    files = sorted(path.name for path in (tmp_path / 'one').iterdir())
    assert len(files) == 4 and {name[-4:] for name in files} == {'.png', 'html'}
    for name in files:
        first, second, other = ((tmp_path / out / name).read_bytes() for out in ('one', 'two', 'other'))
        assert first == second != other
    page = next((tmp_path / 'one').glob('*.html')).read_text()
    (record,) = re.findall(r'<script id="scan" type="application/json">(.*?)</script>', page, re.S)
    assert set(json.loads(record)['layers']) == {'colour', 'truth'}


def a_sample():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(300, 9, generator=generator) * 2 - 1
    sample = Det3DDataSample()
    sample.gt_pts_seg = PointData(pts_semantic_mask=torch.arange(300) % 3)
    boxes = DepthInstance3DBoxes(torch.tensor([[0.0, 0, -0.5, 1, 1, 1, 0.3]]))
    sample.gt_instances_3d = InstanceData(bboxes_3d=boxes, labels_3d=torch.tensor([1]))
    return dict(inputs=dict(points=points), data_samples=sample)


def test_labels_boxes_and_normals_are_columns_of_their_own():
    (view,) = sample_views(a_sample())
    np.testing.assert_array_equal(view.label, np.arange(300) % 3)
    corners, label = view.boxes
    np.testing.assert_allclose(corners.mean(axis=1), [[0, 0, 0]], atol=1e-6)
    assert label.tolist() == [1]
    sheet = np.asarray(view_picture(view, PALETTE, NAMES)).astype(int)
    assert sheet.shape[1] > 4 * 500
    for column, colors in ((1, PALETTE), (2, PALETTE[1:])):
        part = sheet[:, column * 526 : column * 526 + 520]
        for color in colors:  # shaded at edges of depth, hence near
            assert (np.abs(part - color).sum(axis=2) < 60).any()


def test_views_of_pretraining_are_sheets_of_their_own_with_their_images_below():
    points = torch.rand(50, 6)
    images = torch.zeros(2, 3, 24, 32, dtype=torch.uint8)
    images[1, 0] = 255
    views = [dict(points=points, per_image=dict(images=images)), dict(points=points, per_image={})]
    first, second = sample_views(dict(inputs=dict(views=views), data_samples=Det3DDataSample()))
    assert first.label is None and second.images is None
    with_images, without = view_picture(first, (), ()), view_picture(second, (), ())
    assert with_images.width == without.width < with_images.height + 600
    strip = np.asarray(with_images)[without.height + 5 : -5]
    assert (strip[:, -20:] == [255, 0, 0]).all() and (strip[:, :20] == 0).all()


@pytest.mark.parametrize('signed', [True, False])
def test_colours_are_shown_in_whatever_range_the_network_takes(signed):
    color = np.array([[0.0, 127.5, 255.0]] * 4)
    points = np.concatenate([np.zeros((4, 3)), color / 127.5 - 1 if signed else color], axis=1)
    np.testing.assert_allclose(visible_colors(points), color)
    assert visible_colors(points[:, :3]) is None


def test_a_split_that_the_config_lacks_is_named(tmp_path):
    with pytest.raises(ValueError, match='must define val_dataloader'):
        main(['ppkt_swin3d-tiny_rooms', f'--out={tmp_path}', '--split=val'])


def test_pictures_open(tmp_path):
    root = write_tiny_s3dis(tmp_path / 'data', num_points=700)
    out = tmp_path / 'out'
    assert main(['swin3d-tiny_rooms-seg', f'--data-root={root}', '--split=test', f'--out={out}']) == 0
    (path,) = out.glob('*.png')
    assert Image.open(path).size[0] > 1000
