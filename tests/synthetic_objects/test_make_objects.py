"""Generated objects: bytes by seed and options, whole lists, cuts and noise as asked for."""

import sys

import numpy as np
import pytest

from swin3d_mmdet3d.datasets import ObjectCloudDataset
from swin3d_mmdet3d.datasets.layout.modelnet40 import ModelNet40Text
from swin3d_mmdet3d.synthetic_objects import ObjectOptions, make_objects
from swin3d_mmdet3d.synthetic_objects.object_cloud import in_front_of_plane, object_cloud
from swin3d_mmdet3d.synthetic_objects.object_kinds import OBJECT_KINDS
from swin3d_mmdet3d.synthetic_rooms.shape_families import ShapeGenerator
from swin3d_mmdet3d.tools.make_objects import main

FEW = ObjectOptions(train=1, test=1, points=32)
MODULE = sys.modules[make_objects.__module__]  # the function has its name


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob('*') if path.is_file()
    }


def clouds(root):
    return {name: text for name, text in contents(root).items() if name.endswith('.txt')}


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    return make_objects(tmp_path_factory.mktemp('objects'), FEW, workers=1)


def test_the_same_bytes_in_any_number_of_workers_and_others_for_another_option(made, monkeypatch, tmp_path):
    assert contents(make_objects(tmp_path / 'two', FEW, workers=2)) == contents(made)
    monkeypatch.setattr(MODULE, 'OBJECT_KINDS', dict(list(OBJECT_KINDS.items())[:4]))
    one = clouds(make_objects(tmp_path / 'one', FEW, workers=1))
    for change in (dict(seed=1), dict(noise=0.03), dict(cut=(0.6, 0.7))):
        other = clouds(make_objects(tmp_path / str(change), ObjectOptions(1, 1, 32, **change), workers=1))
        assert other.keys() == one.keys()
        assert not any(other[name] == text for name, text in one.items() if name.endswith('_0001.txt'))


def test_a_killed_run_goes_on_and_a_broken_object_is_made_again(monkeypatch, tmp_path):
    monkeypatch.setattr(MODULE, 'OBJECT_KINDS', {kind: OBJECT_KINDS[kind] for kind in ('bed', 'sofa')})
    root = make_objects(tmp_path, FEW, workers=1)
    whole = contents(root)
    (root / 'modelnet40_train.txt').unlink()
    (root / 'sofa' / 'sofa_0002.txt').write_text('1,2,3\n')
    (root / 'bed' / '.bed_0001.00000000-1.part.txt').write_text('half')  # of a process that is gone
    kept = root / 'bed' / 'bed_0001.txt'
    before = kept.stat().st_mtime_ns
    assert contents(make_objects(root, FEW, workers=1)).items() >= whole.items()
    assert kept.stat().st_mtime_ns == before


def test_a_run_of_other_options_that_stops_halfway_is_no_data_set(monkeypatch, tmp_path):
    monkeypatch.setattr(MODULE, 'OBJECT_KINDS', {kind: OBJECT_KINDS[kind] for kind in ('bed', 'sofa')})
    make_objects(tmp_path, FEW, workers=1)
    monkeypatch.setitem(MODULE.OBJECT_KINDS, 'sofa', lambda rng: 1 / 0)
    with pytest.raises(
        RuntimeError, match='2 of 4 objects failed, the others are kept: sofa_0001: ZeroDivision'
    ):
        make_objects(tmp_path, ObjectOptions(train=1, test=1, points=16), workers=1)
    with pytest.raises(ValueError, match='modelnet40_shape_names.txt is missing'):
        ModelNet40Text(tmp_path, 'train')


def test_every_kind_of_furniture_is_there_and_lies_in_the_unit_sphere(made):
    objects = ModelNet40Text(made, 'train')
    assert objects.classes == tuple(OBJECT_KINDS) and objects.labels == list(range(len(OBJECT_KINDS)))
    assert len(OBJECT_KINDS) > 30
    for row in range(len(objects.names)):
        points = objects.points(row)
        radius = np.linalg.norm(points, axis=1)
        assert points.shape == (32, 3) and 0.8 < radius.max() < 1.2
        np.testing.assert_allclose(points.mean(0), 0, atol=0.02)


def test_held_out_objects_have_sizes_that_none_to_train_on_has(monkeypatch, tmp_path):
    seen = {}

    def note(rng):
        seen.setdefault(rng.held_out, set()).add((rng.family.number, rng.part(0.5, 1.0)))
        return OBJECT_KINDS['pillow'](rng)

    monkeypatch.setattr(MODULE, 'OBJECT_KINDS', {'pillow': note})
    make_objects(tmp_path, ObjectOptions(train=3, test=3, points=16), workers=1)
    for _, (low, high) in seen[True]:
        assert all(high <= start or low >= end for _, (start, end) in seen[False])


def test_a_cut_leaves_the_points_on_one_side_of_a_plane():
    rng = np.random.default_rng(0)
    xyz = rng.normal(size=(200, 3))
    rows = in_front_of_plane(np.random.default_rng(1), xyz, 120)
    direction = np.random.default_rng(1).normal(size=3)
    gone = np.setdiff1d(np.arange(200), rows)
    assert len(rows) == 120 and (xyz[rows] @ direction).max() <= (xyz[gone] @ direction).min()


def test_points_without_noise_lie_on_the_surface_with_its_normals():
    model = OBJECT_KINDS['column'](ShapeGenerator([0, 1], 'office'))
    cloud = object_cloud(np.random.default_rng(3), model, 500, cut=0.0, noise=0.0)
    np.testing.assert_allclose(np.linalg.norm(cloud[:, 3:], axis=1), 1, rtol=1e-12)
    # a prism or pillar: points at its top and bottom have normals along z and lie in two planes
    flat = np.abs(cloud[:, 5]) > 0.999
    assert flat.any() and len(np.unique(cloud[flat, 2].round(9))) == 2


@pytest.mark.parametrize(
    'change',
    [dict(train=0), dict(test=-1), dict(points=4), dict(cut=(0.5, 0.2)), dict(cut=(0, 1)), dict(seed=-1)],
)
def test_options_out_of_range_are_named(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        ObjectOptions(**change)


def test_command_line_writes_what_the_data_set_reads(tmp_path):
    options = ['--train', '1', '--test', '0', '--points', '16', '--workers', '1', '--cut', '0.1', '0.3']
    assert main([*options, '--out', str(tmp_path / 'a')]) == 0
    sample = ObjectCloudDataset(data_root=str(tmp_path / 'a'), split='train')[3]
    assert sample['points'].shape == (16, 3) and sample['gt_label'] == 3
    assert main([*options, '--out', str(tmp_path / 'a' / 'modelnet40_train.txt')]) == 1
