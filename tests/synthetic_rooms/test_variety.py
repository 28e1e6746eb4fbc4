"""Rooms to train on are of many kinds, and domains disagree on names as annotators do."""

import numpy as np
import pytest

from swin3d_mmdet3d.synthetic_rooms import normal_faults
from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS, ON_TABLES, TABLES
from swin3d_mmdet3d.synthetic_rooms.regions import LOW_CUT, SHARES, random_region
from swin3d_mmdet3d.synthetic_rooms.room_programs import build_room
from swin3d_mmdet3d.synthetic_rooms.scene import compile_mesh
from swin3d_mmdet3d.synthetic_rooms.shape_families import ShapeGenerator


@pytest.fixture(scope='module')
def home():
    return build_room(ShapeGenerator(4, 'home'), 'bedroom', False)


def test_regions_of_every_kind_hold_what_their_name_says(home):
    rng = np.random.default_rng(0)
    points = rng.uniform(0, home.size, (4000, 3))
    regions = [random_region(rng, home) for _ in range(400)]
    assert {region.kind for region in regions} == set(SHARES)
    for region in regions:
        held = points[region.holds(points)]
        if region.kind == 'whole':
            assert len(held) == len(points)
            continue
        assert len(held) < len(points)
        if region.kind == 'below 1 m':
            assert held[:, 2].max() <= LOW_CUT
        if region.kind == 'no ceiling':
            assert home.size[2] - 0.6 <= region.high[2] < home.size[2]
        if region.kind in ('wall', 'corner'):
            near = (np.ptp(held[:, :2], axis=0) <= 1.6).sum()
            assert near == {'wall': 1, 'corner': 2}[region.kind]


def test_faulty_normals_are_unit_or_zero_and_of_every_kind():
    rng = np.random.default_rng(0)
    normals = np.tile([0.0, 0, 1], (500, 1))
    points = rng.uniform(0, 5, (500, 3))
    lost, turned = [], []
    for _ in range(200):
        found = normal_faults.with_faults(rng, normals, points)
        length = np.linalg.norm(found, axis=1)
        assert (np.isclose(length, 1) | (length == 0)).all()
        lost.append((length == 0).mean())
        turned.append(not np.array_equal(found[length > 0], normals[length > 0]))
    lost = np.array(lost)
    assert (lost == 1).any() and (lost == 0).any() and ((lost > 0.05) & (lost < 0.3)).any()
    assert 0 < np.mean(turned) < 0.3


def test_names_conflict_between_the_domains_as_documented():
    s3dis, scannet, structured3d = (DOMAINS[name] for name in ('s3dis', 'scannet', 'structured3d'))
    for kind, like in (('curtain', 'window'), ('picture', 'wall'), ('desk', 'table')):
        assert structured3d.raw_id(kind) == structured3d.raw_id(like)
        assert scannet.raw_id(kind) != scannet.raw_id(like)
    assert s3dis.raw_id('desk') == s3dis.raw_id('table')
    assert s3dis.raw_id('curtain') == s3dis.raw_id('picture') == s3dis.raw_id('plant')
    assert structured3d.box_label('picture') is None  # a wall has no box


def test_what_stands_on_a_table_is_the_table_in_scannet_alone(home):
    mesh = compile_mesh(home)
    number = {id(placed): index for index, placed in enumerate(home.instances)}
    expected = np.arange(len(mesh.kinds))
    for index, placed in enumerate(home.instances):
        if placed.below is not None:
            assert placed.below.position[2] < placed.position[2]
            if placed.model.kind in ON_TABLES and placed.below.model.kind in TABLES:
                expected[index] = number[id(placed.below)]
    assert (expected != np.arange(len(expected))).any()
    np.testing.assert_array_equal(DOMAINS['scannet'].annotated_as(mesh.kinds, mesh.below), expected)
    for name in ('s3dis', 'structured3d'):
        same = DOMAINS[name].annotated_as(mesh.kinds, mesh.below)
        np.testing.assert_array_equal(same, np.arange(len(expected)))
