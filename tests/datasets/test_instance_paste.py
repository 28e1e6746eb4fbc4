"""Objects cut out of scans and put into others: what stays, what is free, and what the bank holds."""

from pathlib import Path

import numpy as np
import pytest
from mmdet3d.registry import DATASETS, TRANSFORMS

from swin3d_mmdet3d.datasets.label_counts import label_counts
from swin3d_mmdet3d.datasets.transforms.points.instance_paste import find_place
from swin3d_mmdet3d.preparation.instance_bank import make_instance_bank
from swin3d_mmdet3d.structures.normal_points import NormalPoints
from swin3d_mmdet3d.synthetic_rooms import make_rooms
from swin3d_mmdet3d.tools import make_instance_bank as tool

CHOSEN = ('chair', 'bookshelf', 'table')


def scans(root, **settings):
    return DATASETS.build(
        dict(
            type='ScanNetWholeSceneDataset',
            data_root=str(root),
            ann_file='scannet_infos_train.pkl',
            pipeline=[],
            **settings,
        )
    )


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms') / 'scannet'
    make_rooms('scannet', folder, 6, 2500, workers=1)
    return folder


@pytest.fixture(scope='module')
def bank(rooms, tmp_path_factory):
    out = tmp_path_factory.mktemp('bank') / 'instances'
    return out, make_instance_bank(scans(rooms), out, CHOSEN, min_points=10)


def loaded(rooms, index=0, normals=False):
    info = scans(rooms).get_data_info(index)
    steps = [dict(type='LoadColoredPoints')]
    steps += [dict(type='LoadNormals')] if normals else []
    steps.append(
        dict(
            type='LoadSceneAnnotations',
            with_bbox_3d=False,
            with_label_3d=False,
            with_seg_3d=True,
            with_mask_3d=True,
        )
    )
    for step in steps:
        info = TRANSFORMS.build(step)(info)
    return info


def paste(bank, scene, seed=0, **settings):
    np.random.seed(seed)
    return TRANSFORMS.build(dict(type='InstancePaste', bank=str(bank), **settings))(scene)


def test_a_bank_has_every_object_of_its_classes_with_its_base_at_the_origin(rooms, bank):
    out, counts = bank
    dataset = scans(rooms)
    wanted = 0
    for index in range(len(dataset)):
        scene = loaded(rooms, index, normals=True)
        for number in set(scene['pts_instance_mask'][scene['pts_instance_mask'] > 0].tolist()):
            rows = scene['pts_instance_mask'] == number
            raw_id = np.bincount(scene['pts_semantic_mask'][rows]).argmax()
            name = dict(enumerate(dataset.metainfo['classes'])).get(int(scene['seg_label_mapping'][raw_id]))
            if name not in CHOSEN or rows.sum() < 10:
                continue
            wanted += 1
            stem = Path(scene['lidar_points']['lidar_path']).stem
            content = np.load(out / name / f'{stem}_{number}.npz')
            points, own = content['points'], scene['points'].tensor.numpy()[rows]
            assert content['raw_id'] == raw_id and points.shape == (rows.sum(), 9)
            np.testing.assert_array_equal(points[:, 3:], own[:, 3:])
            moved = own[:, :3] - points[:, :3]
            assert np.ptp(moved, axis=0).max() < 1e-5
            low, high = points[:, :3].min(axis=0), points[:, :3].max(axis=0)
            np.testing.assert_allclose([*(low + high)[:2], low[2]], 0, atol=1e-5)
    assert wanted == sum(counts.values()) == len(list(out.glob('*/*.npz'))) > 3


@pytest.mark.parametrize('normals', [False, True])
def test_what_a_scene_had_stays_and_objects_stand_free_within_it(rooms, bank, normals):
    before, scene = (loaded(rooms, 1, normals) for _ in range(2))
    num = len(before['points'])
    scene = paste(bank[0], scene, num_instances=4, max_tries=200)
    xyz, instance = scene['points'].coord.numpy().astype(np.float64), scene['pts_instance_mask']
    np.testing.assert_array_equal(scene['points'].tensor[:num], before['points'].tensor)
    for mask in ('pts_semantic_mask', 'pts_instance_mask'):
        np.testing.assert_array_equal(scene[mask][:num], before[mask])
        assert scene[mask].dtype == before[mask].dtype and len(scene[mask]) == len(xyz)
    last = before['pts_instance_mask'].max()
    assert set(instance[num:]) == {last + 1 + k for k in range(len(set(instance[num:])))}
    assert len(set(instance[num:])) >= 2
    floor, low, high = xyz[:num, 2].min(), xyz[:num, :2].min(axis=0), xyz[:num, :2].max(axis=0)
    for number in set(instance[num:]):
        rows = np.flatnonzero(instance == number)
        assert len(set(scene['pts_semantic_mask'][rows])) == 1
        corners = xyz[rows].min(axis=0) + 1e-5, xyz[rows].max(axis=0) - 1e-5
        assert corners[0][2] >= floor and (corners[0][:2] >= low).all() and (corners[1][:2] <= high).all()
        there_before = xyz[: rows[0]]  # objects come one after the other
        assert not ((there_before > corners[0]) & (there_before < corners[1])).all(axis=1).any()
    if normals:
        length = scene['points'].normal[num:].norm(dim=1)
        assert bool(((length - 1).abs() < 1e-2).all())


def test_a_box_stands_on_what_lies_under_it_and_never_in_what_is_there():
    """A floor, a table of 0.7 m over its left half, a ceiling: the floor and the table have free places."""
    rng = np.random.default_rng(0)
    plane = rng.uniform(0, 4, (4000, 2))
    floor = np.column_stack([plane, rng.normal(0, 0.01, 4000)])
    ceiling = np.column_stack([plane, np.full(4000, 2.6)])
    table = np.column_stack([rng.uniform(0, [2, 4], (3000, 2)), np.full(3000, 0.7)])
    xyz = np.concatenate([floor, ceiling, table])
    np.random.seed(0)
    heights = []
    for _ in range(60):
        place = find_place(xyz, np.array([0.5, 0.5, 0.9]), 50)
        inside = (np.abs(xyz[:, :2] - place[:2]) < 0.25).all(axis=1)
        inside &= (xyz[:, 2] > place[2]) & (xyz[:, 2] < place[2] + 0.9)
        assert not inside.any()
        heights.append(place[2])
    on_table = [height for height in heights if abs(height - 0.7) < 1e-6]
    assert 10 < len(on_table) < 50
    assert all(abs(height) < 0.05 for height in heights if height not in on_table)
    assert find_place(xyz, np.array([0.5, 0.5, 2.7]), 200) is None  # taller than the room
    assert find_place(xyz, np.array([5.0, 0.5, 0.5]), 200) is None  # longer than the room


def test_an_object_without_a_place_is_left_out(bank):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(0, 0.1, (100, 3)), rng.integers(0, 255, (100, 3))], axis=1)
    points = NormalPoints.from_columns(points.astype(np.float32))
    scene = dict(points=points, pts_semantic_mask=np.ones(100, dtype=np.int64))
    assert len(paste(bank[0], scene)['points']) == 100


def test_labels_of_objects_are_mapped_with_those_of_the_scene(rooms, bank):
    scene = paste(bank[0], loaded(rooms, 2), num_instances=6, max_tries=200)
    num = len(loaded(rooms, 2)['points'])
    scene = TRANSFORMS.build(dict(type='MapSemanticLabels'))(scene)
    names = scans(rooms).metainfo['classes']
    assert {names[label] for label in set(scene['pts_semantic_mask'][num:])} <= set(CHOSEN)
    assert len(scene['pts_semantic_mask']) > num


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(points=np.zeros((5, 6), np.float32), raw_id=3), 'points must have 9 columns'),
        (dict(points=np.zeros((5, 9), np.float32)), 'has no raw_id'),
    ],
)
def test_files_that_do_not_serve_are_named(rooms, tmp_path, content, message):
    (tmp_path / 'chair').mkdir()
    np.savez(tmp_path / 'chair' / 'a.npz', **content)
    with pytest.raises(ValueError, match=rf'a\.npz must be an object of an instance bank: .*{message}'):
        paste(tmp_path, loaded(rooms, normals=True))


def test_an_empty_bank_is_told(rooms, tmp_path):
    with pytest.raises(ValueError, match='bank must be a folder that make_instance_bank wrote'):
        paste(tmp_path, loaded(rooms))


def test_a_bank_is_refused_where_it_cannot_be_made(rooms, bank, tmp_path):
    with pytest.raises(ValueError, match='must be missing or empty, it holds something'):
        make_instance_bank(scans(rooms), bank[0], CHOSEN)
    with pytest.raises(ValueError, match=r"classes must be classes of the data set, got \['guitar'\]"):
        make_instance_bank(scans(rooms), tmp_path / 'a', ['guitar'])
    with pytest.raises(ValueError, match='classes must occur with 100000 points'):
        make_instance_bank(scans(rooms), tmp_path / 'a', CHOSEN, min_points=100_000)
    assert not (tmp_path / 'a').exists()


def test_the_command_cuts_the_objects_that_a_recipe_trains_on(rooms, tmp_path):
    out = tmp_path / 'bank'
    options = ['--out', str(out), '--data-root', str(rooms), '--min-points', '10']
    tool.main(['swin3d-small_scannet-seg', *options, '--classes', *CHOSEN])
    assert len(list(out.glob('*/*.npz'))) > 3
    with pytest.raises(ValueError, match=r"--group must be one of \(\), got 'tail'"):
        tool.main(['swin3d-small_scannet-seg', '--out', str(tmp_path / 'other'), '--data-root', str(rooms)])


def test_labels_are_counted_over_wrapped_sets_in_shares(rooms):
    single = scans(rooms)
    wanted = np.zeros(20, dtype=np.int64)
    for index in range(len(single)):
        scene = TRANSFORMS.build(dict(type='MapSemanticLabels'))(loaded(rooms, index))
        wanted += np.bincount(scene['pts_semantic_mask'], minlength=256)[:20]
    settings = dict(
        type='ScanNetWholeSceneDataset',
        data_root=str(rooms),
        ann_file='scannet_infos_train.pkl',
        pipeline=[],
    )
    wrapped = DATASETS.build(dict(type='ConcatDataset', datasets=[settings, settings]))
    shares = [label_counts(wrapped, 20, rank, 3) for rank in range(3)]
    np.testing.assert_array_equal(sum(shares), 2 * wanted)
    repeated = DATASETS.build(dict(type='RepeatDataset', times=5, dataset=settings))
    np.testing.assert_array_equal(label_counts(repeated, 20), wanted)
