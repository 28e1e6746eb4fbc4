"""A field that a new method adds goes from its transform to the model by its kind; no file knows its name.

The columns of the points say what each field must be: the first colour is the point's number, the second its
scene's.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform, Compose
from mmdet3d.registry import MODELS, TRANSFORMS
from mmengine.dataset import pseudo_collate
from posed_frames import INTRINSIC

import swin3d_mmdet3d
from swin3d_mmdet3d.datasets.transforms.point_selection import add_field
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.structures.rgbd_frame import RGBDFrame

NAMES = ('owner', 'weight', 'brightness', 'exposure', 'queries')


@TRANSFORMS.register_module(force=True)
class AddFieldsOfANewMethod(BaseTransform):
    """A field of every kind, made of the number of the point, pixel or scene."""

    def transform(self, results):
        color = results['points'].tensor[:, 3:5].numpy()
        add_field(results, 'per_point', 'owner', color[:, 0].astype(np.int64))
        add_field(results, 'per_point', 'weight', np.outer(color[:, 0], [1.0, 2.0]).astype(np.float32))
        add_field(results, 'ragged', 'queries', np.full((3 + results['scene'], 2), results['scene']))
        for number, frame in enumerate(results['frames']):
            frame.per_match['brightness'] = frame.point_ids * 10 + results['scene']
            frame.per_image['exposure'] = np.array([results['scene'], number], dtype=np.float32)
        return results


def scene(number, count=200):
    """Points along a line and two frames that show every second of them."""
    rng = np.random.default_rng(number)
    columns = np.zeros((count, 6))
    columns[:, :3] = rng.uniform(0, 4, (count, 3))
    columns[:, 3], columns[:, 4] = np.arange(count), number
    frames = []
    for first in range(2):
        frame = RGBDFrame('f', np.zeros((20, 30, 3), np.uint8), np.ones((20, 30)), np.eye(4), INTRINSIC)
        ids = np.arange(first, count, 2)
        frame.set_matches(np.stack([ids % 30, ids % 20], axis=1), ids)
        frames.append(frame)
    points = NormalPoints.from_columns(columns.astype(np.float32))
    return dict(points=points, frames=frames, scene=number, per_point=dict(point_ids=np.arange(count)))


class Scenes:
    def __len__(self):
        return 1

    def get_data_info(self, index):
        return scene(7)


STEPS = [
    dict(type='GridSample', voxel_size=0.3),
    dict(type='CropFrames', size=(20, 15), min_kept=0.0),
    dict(type='GlobalRotScaleTrans', rot_range=[-1, 1], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomPointDropout', drop_ratio=0.3, prob=1.0),
    dict(type='SphereCrop', max_points=60),
]
NEW = [dict(type='AddFieldsOfANewMethod')]
MIX = [dict(type='Mix3D', pre_transform=NEW, prob=1.0)]
MIX_WITHOUT = [dict(type='Mix3D', pre_transform=[dict(type='CenterShift')], prob=1.0)]


def views_of(samples):
    preprocessor = MODELS.build(
        dict(type='ViewPreprocessor', voxel_size=0.2, features=('offset',), signals=('xyz',))
    )
    return preprocessor(pseudo_collate(samples), training=True)['inputs']['views']


def packed(number, middle):
    pipeline = Compose([*NEW, *middle, *STEPS, dict(type='PackPretrainInputs')])
    return pipeline(dict(scene(number), dataset=Scenes()))


@pytest.mark.parametrize('middle', [[], MIX], ids=['alone', 'mixed'])
def test_every_field_reaches_the_model_beside_what_it_belongs_to(middle):
    (view,) = views_of([packed(number, middle) for number in range(3)])
    color = torch.cat(view.points)[:, 3:5]
    assert torch.equal(view.per_point['owner'], color[:, 0].long())
    assert torch.equal(view.per_point['weight'], color[:, :1] * torch.tensor([1.0, 2.0]))
    assert torch.equal(view.at_voxels('owner'), color[view.representative, 0].long())
    shown, image = view.per_match['point'], view.per_match['image']
    assert len(shown) > 20
    assert torch.equal(view.per_match['brightness'], color[shown, 0].long() * 10 + color[shown, 1].long())
    assert torch.equal(
        view.per_image['exposure'][image], torch.stack([color[shown, 1], color[shown, 0] % 2], 1)
    )
    assert torch.equal(view.matches.fields['brightness'], view.per_match['brightness'])
    assert torch.equal(view.matches.voxel, torch.cat(view.point2voxel)[shown])
    sample = torch.cat([torch.full((len(cloud),), number) for number, cloud in enumerate(view.points)])
    queries = view.ragged['queries']
    frames = 4 if middle else 2
    assert torch.equal(sample[shown], image // frames)
    assert queries.ptr.diff().tolist() == [n + 3 + (10 if middle else 0) for n in range(3)]
    for number, (start, stop) in enumerate(zip(queries.ptr[:-1], queries.ptr[1:])):
        assert set(queries.values[start:stop].unique().tolist()) == {number, *([7] if middle else [])}
        assert (queries.sample[start:stop] == number).all()


def test_points_of_a_second_scene_without_the_field_have_an_unknown_value():
    (view,) = views_of([packed(0, MIX_WITHOUT)])
    color = view.points[0][:, 3:5]
    stranger = color[:, 1] == 7
    assert 0 < stranger.sum() < len(stranger)
    assert (view.per_point['owner'][stranger] == -1).all()
    assert view.per_point['weight'][stranger].isnan().all()
    assert torch.equal(view.per_point['owner'][~stranger], color[~stranger, 0].long())


def test_each_view_of_a_sample_carries_the_fields_of_its_own_points():
    results = Compose(
        [*NEW, dict(type='MakeViews', pipelines=[STEPS[:1], STEPS[4:]]), dict(type='PackPretrainInputs')]
    )(scene(3))
    views = views_of([results])
    assert len(views) == 2 and len(views[0].points[0]) != len(views[1].points[0])
    for view in views:
        assert torch.equal(view.per_point['owner'], view.points[0][:, 3].long())


def test_each_crop_carries_the_fields_of_every_kind():
    crops = dict(type='MultiCrop', num_local=2, global_pipeline=STEPS[:4], local_pipeline=STEPS[2:4])
    pipeline = Compose([*NEW, crops, dict(type='PackPretrainInputs')])
    views = views_of([pipeline(scene(number)) for number in range(2)])
    assert len(views) == 4
    for view in views:
        color = torch.cat(view.points)[:, 3:5]
        shown, image = view.per_match['point'], view.per_match['image']
        assert 0 < len(color) < 300 and len(shown) > 5
        assert torch.equal(view.per_point['owner'], color[:, 0].long())
        assert torch.equal(view.per_point['weight'], color[:, :1] * torch.tensor([1.0, 2.0]))
        assert torch.equal(view.per_match['brightness'], color[shown, 0].long() * 10 + color[shown, 1].long())
        exposure = torch.stack([color[shown, 1], color[shown, 0] % 2], 1)
        assert torch.equal(view.per_image['exposure'][image], exposure)
        queries = view.ragged['queries']
        assert queries.ptr.tolist() == [0, 3, 7] and torch.equal(queries.values[:, 0], queries.sample)


def test_fields_reach_a_segmentor_or_detector_beside_its_labels():
    samples = []
    for number in range(2):
        results = dict(scene(number), pts_semantic_mask=np.arange(200) % 5)
        pipeline = [*NEW, *STEPS, dict(type='PackFieldInputs', keys=['points', 'pts_semantic_mask'])]
        samples.append(Compose(pipeline)(results))
    preprocessor = MODELS.build(
        dict(type='VoxelPreprocessor', voxel_size=0.2, features=('offset',), signals=('xyz',))
    )
    batch = preprocessor(pseudo_collate(samples), training=True)
    view = batch['inputs']['view']
    number = torch.cat(view.points)[:, 3].long()
    assert torch.equal(view.per_point['owner'], number)
    assert torch.equal(view.per_point['pts_semantic_mask'], number % 5)
    labels = [sample.gt_pts_seg.pts_semantic_mask for sample in batch['data_samples']]
    assert torch.equal(torch.cat(labels), number % 5)
    assert view.voxels is batch['inputs']['voxels']
    for sample in samples:
        for kind in ('per_point', 'per_image', 'per_match', 'ragged'):
            del sample['inputs'][kind]
    plain = preprocessor(pseudo_collate(samples), training=True)
    assert 'view' not in plain['inputs'] and torch.equal(plain['inputs']['feats'], batch['inputs']['feats'])


@pytest.mark.parametrize(
    ('kind', 'name', 'spoilt', 'message'),
    [
        (
            'per_point',
            'owner',
            torch.zeros(3),
            r'owner must have a row for each of \[60, 60\] points, got \[3, 60\]',
        ),
        (
            'per_point',
            'weight',
            torch.zeros(60, 5),
            r'weight of a batch must have one shape, got \[\(2,\), \(5,\)\]',
        ),
        ('per_image', 'exposure', torch.zeros(2, 9), 'exposure of a batch must have one shape'),
    ],
)
def test_a_field_that_does_not_fit_is_named(kind, name, spoilt, message):
    samples = [packed(number, []) for number in range(2)]
    samples[0]['inputs']['views'][0][kind][name] = spoilt
    with pytest.raises(ValueError, match=message):
        views_of(samples)


def spoil_per_match(results):
    del results['frames'][1].per_match['brightness']


def spoil_per_image(results):
    results['frames'][1].per_image['exposure'] = np.zeros(5)


def spoil_type(results):
    results['per_point']['owner'] = results['per_point']['owner'].astype(str)


@pytest.mark.parametrize(
    ('spoil', 'error', 'message'),
    [
        (spoil_per_match, ValueError, r"frames must have the same fields, got \[\(\), \('brightness',\)\]"),
        (spoil_per_image, ValueError, r'exposure must have one shape, got \[\(2,\), \(5,\)\]'),
        (spoil_type, TypeError, 'owner must be of a type of tensors'),
    ],
)
def test_a_field_that_cannot_be_packed_is_named(spoil, error, message):
    results = Compose(NEW)(scene(0))
    spoil(results)
    with pytest.raises(error, match=message):
        TRANSFORMS.build(dict(type='PackPretrainInputs'))(results)


def test_frames_that_were_not_matched_bring_their_images_alone():
    results = scene(0)
    del results['per_point']
    (view,) = views_of([TRANSFORMS.build(dict(type='PackPretrainInputs'))(results)])
    assert len(view.images) == 2
    with pytest.raises(ValueError, match="per_match fields of a view must have 'pixel', got none"):
        _ = view.matches


def test_a_field_that_no_transform_added_is_named():
    (view,) = views_of([packed(0, [])])
    with pytest.raises(ValueError, match=r"per_point fields of a view must have 'source_xyz', got \['owner'"):
        view.at_voxels('source_xyz')


def test_no_file_of_the_package_knows_the_names():
    for path in Path(swin3d_mmdet3d.__file__).parent.rglob('view*.py'):
        assert not any(f"'{name}'" in path.read_text() for name in NAMES)
