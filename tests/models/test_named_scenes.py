"""What cannot be trained on is named with its scene, by segmentors and detectors alike."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import DepthInstance3DBoxes, Det3DDataSample, PointData
from mmengine.config import Config
from mmengine.structures import InstanceData

from swin3d_mmdet3d.models.voxel_labels import LabelRangeError, naming_scenes
from swin3d_mmdet3d.structures.box_validity import check_boxes, invalid_boxes

CONFIGS = Path(__file__).parents[2] / 'configs'
DETECTORS = ('fcaf3d', 'tr3d', 'cagroup3d')
BOX = (0.5, 0.5, 0.5, 0.4, 0.4, 0.4)


def cloud(num_points=60, extent=2.0):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(num_points, 9, generator=generator)
    return points * torch.tensor([extent] * 3 + [1.0] * 6)


def sample(name, num_points=60, label=0, rows=(BOX,), box_label=0):
    boxes = torch.tensor(rows, dtype=torch.float32).view(-1, 6)
    data = Det3DDataSample(metainfo=dict(lidar_path=name, box_type_3d=DepthInstance3DBoxes))
    data.gt_instances_3d = InstanceData(
        bboxes_3d=DepthInstance3DBoxes(boxes, box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5)),
        labels_3d=torch.full((len(boxes),), box_label),
    )
    mask = torch.full((num_points,), label)
    data.gt_pts_seg = PointData(pts_semantic_mask=mask, pts_instance_mask=mask)
    return data


def build(name):
    if name == 'segmentor':
        return MODELS.build(Config.fromfile(CONFIGS / 'swin3d' / 'swin3d-tiny_rooms-seg.py').model)
    return MODELS.build(Config.fromfile(CONFIGS / name / f'{name}_swin3d-tiny_rooms-scannet-det.py').model)


@pytest.fixture(scope='module')
def models():
    return {name: build(name) for name in ('segmentor', *DETECTORS)}


def losses(model, clouds, samples):
    batch = model.data_preprocessor(dict(inputs=dict(points=clouds), data_samples=samples), True)
    return model.train().loss(batch['inputs'], batch['data_samples'])


@pytest.mark.parametrize('label', [-1, 13, 254])
def test_labels_out_of_range_name_their_scene(models, label):
    clouds = [cloud(), cloud(), cloud()]
    samples = [sample('a.bin'), sample('b.bin', label=label), sample('c.bin')]
    with pytest.raises(ValueError, match=rf'^b.bin: labels must be 0 .. 12 .*got \[{label}\]'):
        losses(models['segmentor'], clouds, samples)
    model = models['segmentor']
    batch = model.data_preprocessor(dict(inputs=dict(points=clouds), data_samples=samples), True)
    with pytest.raises(ValueError, match='^b.bin: labels'):  # as beside further objectives
        model.loss_by_levels(model.encode(batch['inputs']), batch['inputs'], batch['data_samples'])


def test_labels_of_another_number_than_the_points_name_their_scene(models):
    samples = [sample('a.bin'), sample('b.bin', num_points=59)]
    with pytest.raises(ValueError, match='^b.bin: pts_semantic_mask must have one label per point, got 59'):
        losses(models['segmentor'], [cloud(), cloud()], samples)


def test_labels_that_are_no_classes_name_each_scene_once():
    scene, wrong = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([False, True, False, True, True])
    samples = [sample(name) for name in ('a.bin', 'b.bin', 'c.bin')]
    with pytest.raises(ValueError, match='^a.bin and c.bin: labels'), naming_scenes(lambda: scene, samples):
        raise LabelRangeError('labels', wrong)


@pytest.mark.parametrize('name', ['segmentor', *DETECTORS])
def test_a_scene_without_points_is_named(models, name):
    with pytest.raises(ValueError, match=r'points of b.bin must be \(P, 6\).*got \(0, 9\)'):
        losses(models[name], [cloud(), cloud(0)], [sample('a.bin'), sample('b.bin', 0)])


@pytest.mark.parametrize('name', ['segmentor', *DETECTORS])
def test_a_batch_of_one_voxel_is_named(models, name):
    said = '^a.bin: a batch to train on must have two voxels, got one of .* m for 60 points'
    with pytest.raises(ValueError, match=said):
        losses(models[name], [cloud(extent=1e-4)], [sample('a.bin')])
    batch = dict(inputs=dict(points=[cloud(extent=1e-4)]), data_samples=[sample('a.bin')])
    assert len(models[name].data_preprocessor(batch, False)['inputs']['voxels']) == 1  # to predict it is fine


FAULTS = {
    'NaN': ((0.5, float('nan'), 0.5, 0.4, 0.4, 0.4), 0, 'boxes must be finite'),
    'infinite': ((0.5, 0.5, 0.5, float('inf'), 0.4, 0.4), 0, 'boxes must be finite'),
    'far': ((1e30, 0.5, 0.5, 0.4, 0.4, 0.4), 0, r'within 1e\+08 m'),
    'no size': ((0.5, 0.5, 0.5, 0.4, 0.0, 0.4), 0, 'of a size above 0'),
    'negative size': ((0.5, 0.5, 0.5, 0.4, 0.4, -0.4), 0, r'got \(0.5, 0.5, .*, -0.4, 0\) as box 1 of 2'),
    'class outside': (BOX, 18, 'labels of boxes must be below 18, the number of classes, got 18 of box'),
}


@pytest.mark.parametrize('name', DETECTORS)
@pytest.mark.parametrize('fault', FAULTS)
def test_boxes_that_cannot_be_learnt_name_their_scene(models, name, fault):
    row, label, said = FAULTS[fault]
    bad = sample('b.bin', rows=(BOX, row), box_label=label)
    with pytest.raises(ValueError, match=f'^b.bin: .*{said}'):
        losses(models[name], [cloud(), cloud()], [sample('a.bin', rows=()), bad])


def test_boxes_of_every_size_and_of_no_class_pass():
    boxes = torch.tensor([BOX, (6e6, -5e6, 3e3, 1e-3, 1e3, 1e-3)])
    check_boxes(boxes, torch.tensor([-1, 17]), 18)
    check_boxes(boxes[:0], torch.zeros(0, dtype=torch.long), 18)
    boxes = torch.cat([boxes, torch.full((2, 1), -3.0)], dim=1)  # a yaw
    assert invalid_boxes(boxes, torch.tensor([0, 18]), 18).tolist() == [False, True]
