"""Masks, identities, origins, normals, boxes and frames stay with their points, whatever a transform does.

Every point comes from a pixel and has its colour, which is the pixel's place: it tells which row a point was.
"""

import copy

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet3d.registry import TRANSFORMS
from mmdet3d.structures import DepthInstance3DBoxes
from posed_frames import INTRINSIC, SIZE, poses, room_depth

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms.point_selection import point_ids
from swin3d_mmdet3d.datasets.transforms.views.view_packing import pack_fields
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

WIDTH, HEIGHT = SIZE
FIELDS = ('masks', 'boxes', 'origins', 'normals')
BLUE = {'first': 77, 'second': 99}


def scene(fields, number='first'):
    """A cloud made of the pixels of one frame, with some further fields."""
    pose = poses(4)[list(BLUE).index(number)]
    u, v = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    image = np.stack([u, v, np.full_like(u, BLUE[number])], axis=2).astype(np.uint8)
    frame = RGBDFrame(number, image, room_depth(pose).astype(np.float32), pose, INTRINSIC)
    results = TRANSFORMS.build(dict(type='BackProjectFrames'))(dict(frames=[frame]))
    count = len(results['points'])
    if 'masks' in fields:
        results['pts_semantic_mask'] = np.arange(count) // 100
        results['pts_instance_mask'] = np.arange(count) // 50
    if 'boxes' in fields:
        xyz = results['points'].coord[:100]  # all points of semantic class 0
        low, high = xyz.amin(0), xyz.amax(0)
        box = torch.cat([(low + high) / 2, high - low, torch.zeros(1)])[None]
        results['gt_bboxes_3d'] = DepthInstance3DBoxes(box, origin=(0.5, 0.5, 0.5))
        results['gt_labels_3d'] = np.array([0])
    if 'normals' in fields:
        results = TRANSFORMS.build(dict(type='EstimateNormals', k=9))(results)
    if 'origins' in fields:
        results = TRANSFORMS.build(dict(type='SourceCoords'))(results)
    return results


class TwoScenes:
    """A data set whose only scene is the second one."""

    def __init__(self, fields):
        self.fields = fields

    def __len__(self):
        return 1

    def get_data_info(self, index):
        return scene(self.fields, 'second')


SELECT = {
    'GridSample': dict(voxel_size=0.3),
    'SphereCrop': dict(max_points=300),
    'RadiusCrop': dict(radius=0.8),
    'RandomPointDropout': dict(drop_ratio=0.4, prob=1.0),
    'BoxKeepingCrop': dict(max_points=300),
}
KEEP = {
    'SourceCoords': {},
    'MatchVisiblePixels': dict(tolerance=0.02),
    'EstimateNormals': dict(k=9),
    'CropFrames': dict(size=(20, 15), min_kept=0.0),
    'FlipFrames': dict(prob=1.0),
    'PositiveShift': {},
    'CenterShift': {},
    'GlobalRotScaleTrans': dict(rot_range=[0.3, 0.3], scale_ratio_range=[1.1, 1.1]),
    'RandomFlip3D': dict(flip_ratio_bev_horizontal=1.0, sync_2d=False),
    'RandomAxisRotation': dict(axis='x', angle_range=(0.2, 0.2)),
    'ElasticDistortion': dict(prob=1.0),
    'RandomJitterPoints': dict(jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
}
MIX = {'Mix3D': dict(pre_transform=[dict(type='GridSample', voxel_size=0.2)], prob=1.0)}
MOVES_NORMALS = ('EstimateNormals', 'GlobalRotScaleTrans', 'RandomFlip3D', 'RandomAxisRotation')
WITHOUT_BOXES = ('RandomAxisRotation', 'ElasticDistortion')


def row_of(points):
    """Which row of its scene each point was, and whether it is of the second scene."""
    color = points.tensor[:, 3:6].numpy().astype(int)
    return color[:, 1] * WIDTH + color[:, 0], color[:, 2] == BLUE['second']


def assert_consistent(results, fields, normals_stay=True):
    """Every field of every point is that of the row which its colour names."""
    row, second = row_of(results['points'])
    origin = {number: scene(fields, number) for number in BLUE}
    count = len(origin['first']['points'])
    assert len(set(zip(row, second))) == len(row)
    ids = point_ids(results)
    if ids is not None:
        np.testing.assert_array_equal(ids[~second], row[~second])
        assert (ids[second] < 0).all() and len(np.unique(ids)) == len(ids)
    if 'masks' in fields:
        np.testing.assert_array_equal(results['pts_semantic_mask'], row // 100)
        last = (count - 1) // 50
        own = row // 50 + np.where(second & (row >= 50), last, 0)
        np.testing.assert_array_equal(results['pts_instance_mask'], own)
    if 'origins' in fields:
        xyz = origin['first']['points'].coord.numpy()
        np.testing.assert_array_equal(results['per_point']['source_xyz'][~second], xyz[row[~second]])
        assert np.isnan(results['per_point']['source_xyz'][second]).all()
    if 'normals' in fields and normals_stay:
        for number, own in (('first', ~second), ('second', second)):
            normal = origin[number]['points'].normal
            torch.testing.assert_close(results['points'].normal[own], normal[row[own]])
    packed = pack_fields(results)
    matches = packed['per_match']
    column, line = matches['pixel'].round().long().T
    seen = packed['per_image']['images'][matches['image'], :, line, column].float()
    torch.testing.assert_close(seen, results['points'].tensor[matches['point'], 3:6])
    return packed


ALONE = [(field,) for field in FIELDS]


@pytest.mark.parametrize('fields', [(), *ALONE, FIELDS], ids=lambda fields: '+'.join(fields) or 'none')
@pytest.mark.parametrize('name', [*SELECT, *KEEP, *MIX])
def test_fields_stay_with_their_points(name, fields):
    if name == 'BoxKeepingCrop':
        fields = tuple({*fields, 'masks', 'boxes'})
    if name in WITHOUT_BOXES:
        fields = tuple(set(fields) - {'boxes'})
    results = dict(scene(fields), dataset=TwoScenes(fields))
    if name in ('MatchVisiblePixels', 'SourceCoords'):  # some points have left, and their numbers with them
        results = TRANSFORMS.build(dict(type='RandomPointDropout', drop_ratio=0.5, prob=1.0))(results)
    before = len(results['points'])
    arguments = {**SELECT, **KEEP, **MIX}[name]
    results = TRANSFORMS.build(dict(type=name, **arguments))(results)
    packed = assert_consistent(results, fields, normals_stay=name not in MOVES_NORMALS)
    after = len(results['points'])
    assert after < before if name in SELECT else after > before if name in MIX else after == before
    assert len(packed['per_match']['point']) > (0 if name == 'CropFrames' else 0.9 * after)


@pytest.mark.parametrize('name', SELECT)
def test_fields_stay_with_the_points_of_two_scenes(name):
    fields = FIELDS if name == 'BoxKeepingCrop' else ('masks', 'origins', 'normals')
    results = dict(scene(fields), dataset=TwoScenes(fields))
    pipeline = Compose([dict(type='Mix3D', **MIX['Mix3D']), dict(type=name, **SELECT[name])])
    assert_consistent(pipeline(results), fields)


def test_mixed_scenes_have_the_boxes_of_both_around_their_points():
    results = dict(scene(FIELDS), dataset=TwoScenes(FIELDS))
    mixed = TRANSFORMS.build(dict(type='Mix3D', **MIX['Mix3D']))(results)
    row, second = row_of(mixed['points'])
    boxes = mixed['gt_bboxes_3d']
    assert len(boxes) == len(mixed['gt_labels_3d']) == 2 and mixed['gt_labels_3d'].tolist() == [0, 0]
    for box, own in ((0, ~second), (1, second)):
        xyz = mixed['points'].coord[own & (row < 100)]
        low = boxes.gravity_center[box] - boxes.dims[box] / 2
        assert bool((xyz > low - 1e-4).all() & (xyz < low + boxes.dims[box] + 1e-4).all())


def test_points_of_a_third_scene_have_numbers_of_their_own():
    mix = TRANSFORMS.build(dict(type='Mix3D', pre_transform=[dict(type='CenterShift')], prob=1.0))
    results = dict(scene(('origins',)), dataset=TwoScenes(()))
    ids = point_ids(mix(mix(results)))
    assert len(ids) == 3 * WIDTH * HEIGHT == len(np.unique(ids))


@pytest.mark.parametrize('field', ['masks', 'boxes', 'normals'])
def test_a_second_scene_without_what_the_first_has_is_refused(field):
    mix = TRANSFORMS.build(dict(type='Mix3D', **MIX['Mix3D']))
    with pytest.raises(ValueError, match='must have the 9 columns|must have what that one has'):
        mix(dict(scene((field,)), dataset=TwoScenes(())))


def test_a_second_scene_that_its_pipeline_skips_is_not_mixed_in():
    mix = TRANSFORMS.build(dict(type='Mix3D', **MIX['Mix3D']))
    mix.pre_transform = lambda results: None
    results = dict(scene(FIELDS), dataset=TwoScenes(()))
    before = copy.deepcopy(results['points'].tensor)
    assert torch.equal(mix(results)['points'].tensor, before)


@pytest.mark.parametrize('then', [*SELECT, 'Mix3D', 'PackPretrainInputs'])
def test_fields_that_a_foreign_transform_left_behind_are_named(then):
    """mmdet3d's PointSample knows points and masks, and not which point is which."""
    results = dict(scene(('masks', 'boxes', 'origins')), dataset=TwoScenes(('masks', 'boxes')))
    results = TRANSFORMS.build(dict(type='PointSample', num_points=400))(results)
    step = TRANSFORMS.build(dict(type=then, **{**SELECT, **MIX}.get(then, {})))
    with pytest.raises(ValueError, match='point_ids must have one row for each of 400 points, got 768'):
        step(results)


def test_a_second_cloud_in_place_of_the_first_is_refused():
    with pytest.raises(ValueError, match='points must not be there before BackProjectFrames'):
        TRANSFORMS.build(dict(type='BackProjectFrames'))(scene(()))
