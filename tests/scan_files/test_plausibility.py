"""Scans in other units and axes are doubted with the option that mends them; plausible ones are not."""

import numpy as np
import pytest
from own_scans import office
from real_data import local_real_data

from swin3d_mmdet3d.scan_files import doubts, make_scan, read_scan

WRONG = {
    'millimetres': (lambda xyz: xyz * 1000, '--unit-scale 0.001'),
    'centimetres': (lambda xyz: xyz * 100, '--unit-scale 0.01'),
    'feet': (lambda xyz: xyz / 0.3048, '--unit-scale 0.3048'),
    'y up': (lambda xyz: xyz[:, [1, 2, 0]], '--up y'),
    'y down': (lambda xyz: xyz[:, [0, 2, 1]] * [1, -1, 1], '--up y (or -y)'),
    'x up': (lambda xyz: xyz[:, [2, 0, 1]], '--up x'),
    'far in float32': (lambda xyz: (xyz + 4.5e6).astype(np.float32), 'in steps of 0.5 (float32)'),
}


@pytest.fixture(scope='module', params=range(3))
def room(request):
    xyz, _, _ = office(np.random.default_rng(request.param))
    return xyz


def test_rooms_in_metres_with_z_up_are_not_doubted(room):
    assert doubts(make_scan(room), 0.02) == []
    assert doubts(make_scan(room + 4.5e6), 0.02) == []  # float64 keeps its places there


@pytest.mark.parametrize('name', WRONG)
def test_a_wrong_reading_is_told_with_its_option(name, room):
    change, option = WRONG[name]
    (told,) = doubts(make_scan(change(room)), 0.02)
    assert option in told


@pytest.mark.parametrize(
    'xyz', [np.zeros((1, 3)), np.zeros((50, 3)), np.eye(3), np.arange(30.0).reshape(-1, 3) / 30]
)
def test_scans_of_few_points_or_one_place_are_looked_at_without_a_fault(xyz):
    assert all(isinstance(told, str) for told in doubts(make_scan(xyz), 0.02))


REAL = [
    ('fragment', 'fragment.pcd'),
    ('s3dis_part', 's3dis_sphere_xyzrgb_sem.npz'),
    ('scannet_scene0000_00', 'scene0000_00_xyzrgb_boxes.npz'),
]


@pytest.mark.parametrize('parts', REAL)
def test_real_scans_are_doubted_in_other_axes_alone(parts):
    scan = read_scan(local_real_data(*parts))
    assert doubts(scan, 0.02) == []
    (told,) = doubts(make_scan(scan.xyz[:, [1, 2, 0]]), 0.02)
    assert '--up y' in told
