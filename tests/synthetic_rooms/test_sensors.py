"""The sensors differ as their physics has it: density, normals, edges and ceilings."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from swin3d_mmdet3d.synthetic_rooms.lighting import random_lighting
from swin3d_mmdet3d.synthetic_rooms.model import Model
from swin3d_mmdet3d.synthetic_rooms.ray_caster import RayCaster
from swin3d_mmdet3d.synthetic_rooms.regions import Region, whole_room
from swin3d_mmdet3d.synthetic_rooms.room_programs import build_room
from swin3d_mmdet3d.synthetic_rooms.scanner import scan_scene
from swin3d_mmdet3d.synthetic_rooms.scene import Scene, compile_mesh
from swin3d_mmdet3d.synthetic_rooms.sensors import SENSORS
from swin3d_mmdet3d.synthetic_rooms.shape_families import ShapeGenerator
from swin3d_mmdet3d.synthetic_rooms.shapes import box
from swin3d_mmdet3d.synthetic_rooms.surroundings import fitted_normals, fused, surroundings
from swin3d_mmdet3d.synthetic_rooms.textures import random_material
from swin3d_mmdet3d.synthetic_rooms.thinning import at_most, cell_of_spacing, one_a_cell


@pytest.fixture(scope='module')
def office():
    rng = ShapeGenerator(5, 'office')
    scene = build_room(rng, 'office', True)
    mesh = compile_mesh(scene)
    return rng, scene, mesh, RayCaster(mesh)


def scan(office, name, max_points, region=None):
    _, scene, mesh, rays = office
    rng = np.random.default_rng(0)
    light = random_lighting(rng, scene.lights, 0.05)
    return scan_scene(rng, scene, mesh, rays, light, SENSORS[name], max_points, region)


def patch(scene):
    """One square metre in the middle of the room, from below the floor to above the ceiling."""
    middle = np.append(scene.free_spots[len(scene.free_spots) // 2], 0)
    return Region('part', middle - [0.5, 0.5, 9], middle + [0.5, 0.5, 9], np.zeros(3))


@pytest.mark.slow
@pytest.mark.parametrize('name', ['s3dis', 'scannet'])
def test_neighbours_of_an_unbounded_scan_are_as_far_as_the_sensor_s_spacing(office, name):
    found = scan(office, name, 10**7, patch(office[1]))
    distance = cKDTree(found.xyz).query(found.xyz, k=2)[0][:, 1]
    assert np.isclose(np.median(distance), SENSORS[name].spacing, rtol=0.15)


def test_rays_of_a_panorama_leave_its_centre_at_equal_angles_and_meet_one_point_each(office):
    found = scan(office, 'structured3d', 10**7)
    rows, columns = SENSORS['structured3d'].panorama
    assert len(found.stations) == 1 and len(found.xyz) > 0.9 * rows * columns
    way = found.xyz - found.stations[0]
    row = (0.5 - np.arcsin(way[:, 2] / np.linalg.norm(way, axis=1)) / np.pi) * rows - 0.5
    column = np.arctan2(way[:, 1], way[:, 0]) % (2 * np.pi) / (2 * np.pi) * columns - 0.5
    assert np.abs(row - np.round(row)).max() < 1e-4
    assert np.abs(column - np.round(column)).max() < 1e-4
    pixels = np.stack([np.round(row), np.round(column)], axis=1)
    assert len(np.unique(pixels, axis=0)) == len(pixels)


def test_only_the_camera_that_is_carried_about_leaves_out_the_ceiling(office):
    mesh = office[2]
    share = {}
    for name in SENSORS:
        found = scan(office, name, 20000)
        kinds = np.array(mesh.kinds)[found.instance]
        share[name] = (kinds == 'ceiling').sum() / (kinds == 'floor').sum()
    assert share['scannet'] < 0.25 < 0.8 < min(share['s3dis'], share['structured3d'])


def test_a_scan_has_as_many_points_as_asked_for_where_the_sensor_has_more(office):
    for name in SENSORS:
        found = scan(office, name, 3000)
        assert 0.97 * 3000 <= len(found.xyz) <= 3000
        assert np.abs(np.linalg.norm(found.normals, axis=1) - 1).max() < 1e-9


def test_a_region_that_holds_nothing_gives_way_to_the_whole_room(office):
    nowhere = Region('corner', np.full(3, 90.0), np.full(3, 91.0), np.zeros(3))
    for name in SENSORS:
        assert scan(office, name, 1000, nowhere).region == 'whole'


@pytest.fixture(scope='module')
def cube():
    """A cube of 1 m on the origin."""
    scene = Scene(np.ones(3))
    scene.add(Model('table').add(random_material(np.random.default_rng(0)), box(1, 1, 1)), (0, 0, 0))
    mesh = compile_mesh(scene)
    return mesh, RayCaster(mesh)


def around(cube, x, count=400, radius=0.0225):
    """Surroundings of the point (x, 0, 1) on the top of the cube."""
    mesh, rays = cube
    point, up = np.array([[x, 0.0, 1.0]]), np.array([[0.0, 0, 1]])
    face = rays.first_hits(point + up, -up)[0]
    return surroundings(np.random.default_rng(0), rays, point, up, face, radius, count), up


def test_fusion_keeps_a_plane_and_rounds_an_edge(cube):
    found, up = around(cube, 0.1)
    place, normal = fused(found, up, cube[0].normals)
    np.testing.assert_allclose(place, [[0.1, 0, 1]], atol=1e-3)
    np.testing.assert_allclose(normal, up, atol=1e-6)
    found, up = around(cube, 0.4999)
    place, normal = fused(found, up, cube[0].normals)
    # half of the disc lies beyond the edge, where rays from above end deeper, at the side or at their limit
    assert place[0, 2] < 1 - 0.002 and place[0, 2] > 1 - 0.0225
    assert np.abs(place[0, 1]) < 1e-3


def test_normals_fitted_without_noise_are_those_of_the_plane(cube):
    found, up = around(cube, 0.1, count=16)
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(fitted_normals(rng, found, up, up, 0.0), up, atol=1e-9)
    np.testing.assert_allclose(fitted_normals(rng, found, up, -up, 0.0), -up, atol=1e-9)
    noisy = fitted_normals(rng, found, up, up, 0.004)
    assert 0.9 < noisy[0, 2] < 1 - 1e-6


def test_thinned_points_lie_in_cells_of_their_own():
    rng = np.random.default_rng(0)
    plane = np.column_stack([rng.uniform(0, 2, (40000, 2)), np.zeros(40000)])
    rows = one_a_cell(plane, cell_of_spacing(0.05))
    assert len(one_a_cell(plane[rows], cell_of_spacing(0.05))) == len(rows)
    distance = cKDTree(plane[rows]).query(plane[rows], k=2)[0][:, 1]
    assert np.isclose(np.median(distance), 0.05, rtol=0.1)
    assert [len(at_most(rng, plane[:n], 500)) for n in (0, 1, 499, 500, 501, 40000)] == [
        0,
        1,
        499,
        500,
        500,
        500,
    ]
    assert whole_room().holds(plane).all()
