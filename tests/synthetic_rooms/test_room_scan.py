"""Scans agree with the surfaces they were taken of."""

import numpy as np
import pytest
import trimesh

from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at, pixel_grid, unproject
from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS, KINDS
from swin3d_mmdet3d.synthetic_rooms.lighting import random_lighting
from swin3d_mmdet3d.synthetic_rooms.ray_caster import RayCaster
from swin3d_mmdet3d.synthetic_rooms.rgbd_frames import render
from swin3d_mmdet3d.synthetic_rooms.room_layout import footprint, overlaps
from swin3d_mmdet3d.synthetic_rooms.room_programs import SIZES, build_room
from swin3d_mmdet3d.synthetic_rooms.scanner import FEWEST_POINTS, scan_scene
from swin3d_mmdet3d.synthetic_rooms.scene import compile_mesh
from swin3d_mmdet3d.synthetic_rooms.shape_families import FAMILIES, ShapeGenerator
from swin3d_mmdet3d.synthetic_rooms.shapes import rotation


@pytest.fixture(scope='module')
def room():
    rng = ShapeGenerator(5, 'office')
    scene = build_room(rng, 'office', True)
    mesh = compile_mesh(scene)
    rays = RayCaster(mesh)
    light = random_lighting(rng, scene.lights, 0.05)
    scan = scan_scene(rng, scene, mesh, rays, light, DOMAINS['s3dis'].sensor, 8000)
    return scene, mesh, rays, light, scan


def test_points_lie_on_the_mesh_of_their_instance_within_the_noise(room):
    _, mesh, _, _, scan = room
    limit = 3 * DOMAINS['s3dis'].sensor.surface.noise + 1e-6
    for index in np.unique(scan.instance)[:8]:
        own = trimesh.Trimesh(mesh.vertices, mesh.faces[mesh.instance == index], process=False)
        points = scan.xyz[scan.instance == index][:60]
        distance = trimesh.proximity.closest_point_naive(own, points)[1]
        assert distance.max() <= limit


def test_normals_are_unit_and_face_the_scanner(room):
    scan = room[4]
    np.testing.assert_allclose(np.linalg.norm(scan.normals, axis=1), 1, atol=1e-9)
    way = scan.stations[scan.station] - scan.xyz
    assert (np.einsum('ij,ij->i', way, scan.normals) >= 0).all()


def test_every_scanned_instance_has_enough_points(room):
    counts = np.bincount(room[4].instance)
    assert counts[counts > 0].min() >= FEWEST_POINTS


def test_first_hits_agree_with_a_plain_ray_test(room):
    scene, mesh, rays, _, _ = room
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(40, 3))
    eye = np.array([*scene.free_spots[0], 1.5])
    _, distance = rays.first_hits(np.broadcast_to(eye, (40, 3)), directions)
    corner = mesh.vertices[mesh.faces]
    for direction, found in zip(directions, distance):
        # Moeller and Trumbore, against all triangles
        first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        across = np.cross(direction, second)
        scale = np.einsum('ij,ij->i', first, across)
        scale = np.where(np.abs(scale) < 1e-12, np.nan, scale)
        start = eye - corner[:, 0]
        u = np.einsum('ij,ij->i', start, across) / scale
        turned = np.cross(start, first)
        v = turned @ direction / scale
        t = np.einsum('ij,ij->i', second, turned) / scale
        with np.errstate(invalid='ignore'):
            hits = t[(u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-9)]
        assert np.isclose(found, hits.min(), atol=1e-3)


def test_depth_of_a_frame_agrees_with_the_mesh(room):
    scene, mesh, rays, light, _ = room
    eye = np.array([*scene.free_spots[3], 1.5])
    pose = look_at(eye, scene.size / 2 * [1, 1, 0.5])
    intrinsic = intrinsic_matrix(24, 18, 1.1)
    _, depth = render(mesh, rays, light, pose, intrinsic, (24, 18))
    points = unproject(pixel_grid(24, 18), depth.ravel(), pose, intrinsic)[depth.ravel() > 0][::9]
    body = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert trimesh.proximity.closest_point_naive(body, points)[1].max() < 1e-3


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('room_type', sorted(SIZES))
def test_furniture_on_the_floor_stands_apart_and_inside(room_type, family):
    scene = build_room(ShapeGenerator(3, family), room_type, True)
    shell = ('floor', 'wall', 'ceiling', 'door', 'window', 'curtain', 'shower_curtain', 'column')
    standing = [
        footprint(it.model, it.position, it.yaw)
        for it in scene.instances
        if it.position[2] == 0 and it.model.kind not in shell
    ]
    for index, area in enumerate(standing):
        assert (area[:2] > -0.01).all() and (area[2:] < scene.size[:2] + 0.01).all()
        assert not any(overlaps(area, other, -0.05) for other in standing[:index])


def test_every_kind_of_object_has_a_class_in_every_domain():
    for domain in DOMAINS.values():
        for kind in KINDS:
            assert isinstance(domain.raw_id(kind), int)


def test_rotation_turns_x_into_y():
    np.testing.assert_allclose(rotation(np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    for axis in 'xyz':
        turn = rotation(0.3, axis)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.isclose(np.linalg.det(turn), 1)
