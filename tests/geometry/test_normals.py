"""Estimated normals are those of the surface that was sampled; mesh normals are trimesh's."""

import numpy as np
import pytest
import trimesh
from real_data import local_real_data
from scipy.spatial import Delaunay

from swin3d_mmdet3d.geometry import estimate_normals, room_viewpoint, vertex_normals
from swin3d_mmdet3d.scan_files import read_scan


def degrees_between(a, b):
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1)))


def noisy_plane(normal, noise=0.001):
    rng = np.random.default_rng(0)
    normal = np.array(normal) / np.linalg.norm(normal)
    points = rng.uniform(-1, 1, (3000, 3))
    points -= (points @ normal)[:, None] * normal
    return points + rng.normal(0, noise, (3000, 1)) * normal, normal


@pytest.mark.parametrize('normal', [(0, 0, 1), (1, 0, 0), (1, -2, 0.5)])
@pytest.mark.parametrize('shift', [0.0, 1e6])
def test_noisy_plane_gives_its_normal_on_the_viewer_s_side(normal, shift):
    points, normal = noisy_plane(normal)
    for side in (1, -1):
        found = estimate_normals(points + shift, viewpoint=shift + side * 5 * normal)
        angle = degrees_between(found, side * normal)
        # Noise of 1 mm over a neighbourhood of about 5 cm.
        assert np.median(angle) < 1.5 and angle.max() < 15


def test_a_plane_seen_edge_on_is_seen_from_above():
    level = np.c_[np.random.default_rng(5).uniform(-1, 1, (300, 2)), np.zeros(300)]
    np.testing.assert_allclose(
        estimate_normals(level, viewpoint=np.zeros(3)), np.tile([0, 0, 1], (300, 1)), atol=1e-6
    )


def test_sphere_seen_from_inside_gives_the_inward_radius():
    direction = np.random.default_rng(1).normal(size=(4000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    found = estimate_normals(2 * direction, viewpoint=np.zeros(3))
    assert degrees_between(found, -direction).max() < 8


def test_room_faces_inwards_and_tables_up():
    rng = np.random.default_rng(2)
    floor = np.c_[rng.uniform(0, 5, (4000, 2)), np.zeros(4000)]
    ceiling = floor + [0, 0, 2.7]
    wall = np.c_[np.zeros(2000), rng.uniform(0, 5, 2000), rng.uniform(0.2, 2.5, 2000)]
    table = np.c_[rng.uniform(1, 2, (500, 2)), np.full(500, 0.75)]
    points = np.concatenate([floor, ceiling, wall, table])
    expected = np.repeat([[0, 0, 1], [0, 0, -1], [1, 0, 0], [0, 0, 1]], [4000, 4000, 2000, 500], axis=0)
    np.testing.assert_allclose(room_viewpoint(points)[2], 0.75 * 2.7)
    assert (degrees_between(estimate_normals(points, k=8), expected) < 1).mean() > 0.95


@pytest.mark.parametrize(
    'points, expected',
    [
        (np.zeros((1, 3)), [0, 0, 1]),
        (np.ones((20, 3)), [0, 0, 1]),
        (np.array([[0, 0, 0], [1.0, 0, 0]]), [0, 0, 1]),
        (np.c_[np.arange(30.0), np.zeros((30, 2))], [0, 0, 1]),
        (np.c_[np.zeros((30, 2)), np.arange(30.0)], [1, 0, 0]),
    ],
    ids=['one point', 'equal points', 'two points', 'level line', 'upright line'],
)
def test_degenerate_neighbourhoods_have_the_documented_normal(points, expected):
    found = estimate_normals(points)
    np.testing.assert_allclose(np.abs(found), np.tile(np.abs(expected), (len(points), 1)), atol=1e-6)


def room_corner(noise, step=0.03, count=25):
    """Vertices and faces of three walls that meet, cut into irregular triangles; noise in metres."""
    rng = np.random.default_rng(3)
    vertices, faces = [], []
    for axis in range(3):
        grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), axis=-1).reshape(-1, 2) * step
        grid = grid + rng.uniform(-0.3, 0.3, grid.shape) * step
        own = Delaunay(grid).simplices
        wall = np.insert(grid, axis, rng.normal(0, noise, len(grid)), axis=1)
        a, b, c = (wall[own[:, corner]] for corner in range(3))
        outward = np.cross(b - a, c - a)[:, axis] < 0
        own[outward] = own[outward, ::-1]
        faces.append(own + axis * len(grid))
        vertices.append(wall)
    return np.concatenate(vertices), np.concatenate(faces)


def spoilt_corner(how):
    """A noisy corner with something that meshes of scans have."""
    vertices, faces = room_corner(0.005)
    a, b, c = faces[:200].T
    if how == 'faces twice':
        faces = np.concatenate([faces, faces[:300], faces[200:600, ::-1]])
    elif how == 'corners of one face in one vertex':
        faces = np.concatenate([faces, np.stack([a, a, b], axis=1), np.stack([c, c, c], axis=1)])
    elif how == 'vertices in one place':
        vertices[b] = vertices[a]
    elif how == 'corners on a line':
        vertices[b] = (vertices[a] + vertices[c]) / 2
    elif how == 'vertices of no face':
        vertices = np.concatenate([vertices, np.random.default_rng(4).uniform(size=(9, 3))])
    elif how == 'far from the origin':
        vertices = vertices + 1e5
    elif how == 'single precision':
        vertices = vertices.astype(np.float32)
    return vertices, faces


SPOILS = [
    'nothing',
    'faces twice',
    'corners of one face in one vertex',
    'vertices in one place',
    'corners on a line',
    'vertices of no face',
    'far from the origin',
    'single precision',
]


@pytest.mark.parametrize('how', SPOILS)
def test_mesh_normals_are_those_of_trimesh(how):
    vertices, faces = spoilt_corner(how)
    theirs = np.array(trimesh.Trimesh(vertices, faces, process=False).vertex_normals)
    ours = vertex_normals(vertices, faces).astype(np.float64)
    length = np.linalg.norm(theirs, axis=1)
    assert (length > 0.5).mean() > 0.95  # the others have none: 0
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), length.round(), atol=1e-6)
    assert (np.linalg.norm(ours - theirs, axis=1) < np.radians(0.01)).all()


def test_faces_count_by_the_angle_of_their_corner_and_not_by_their_area():
    """At the square corner of a tetrahedron of 1 x 3 x 1 m all three sides count alike."""
    vertices = np.array([[0, 0, 0], [1.0, 0, 0], [0, 3.0, 0], [0, 0, 1.0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    found = vertex_normals(vertices, faces)
    np.testing.assert_allclose(found[0], [-1 / np.sqrt(3)] * 3, atol=1e-6)
    # At (1, 0, 0): atan 3, a quarter of pi, and the angle between the edges to (0, 3, 0) and (0, 0, 1).
    sides = np.array([[0, 0, -1], [0, -1, 0], np.array([3, 1, 3]) / np.sqrt(19)])
    expected = np.array([np.arctan(3), np.pi / 4, np.arccos(1 / np.sqrt(20))]) @ sides
    np.testing.assert_allclose(found[1], expected / np.linalg.norm(expected), atol=1e-6)


def test_vertices_without_a_face_have_no_normal():
    for faces in (np.array([[0, 0, 1]]), np.zeros((0, 3), dtype=int)):
        np.testing.assert_array_equal(vertex_normals(np.eye(3), faces), np.zeros((3, 3)))


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(xyz=np.zeros((0, 3))), r'xyz: expected shape \(P, 3\)'),
        (dict(xyz=np.zeros((3, 2))), r'xyz: expected shape \(P, 3\)'),
        (dict(xyz=np.full((3, 3), np.nan)), 'xyz: expected finite'),
        (dict(xyz=np.zeros((3, 3)), k=2), 'k: expected at least 3'),
        (dict(xyz=np.zeros((3, 3)), viewpoint=[1, 2]), 'viewpoint: expected three'),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        estimate_normals(**arguments)


def test_faces_must_name_vertices():
    with pytest.raises(ValueError, match=r'faces: expected indices 0\.\.2'):
        vertex_normals(np.eye(3), np.array([[0, 1, 3]]))
    with pytest.raises(ValueError, match='faces: expected integers'):
        vertex_normals(np.eye(3), np.array([[0.0, 1.0, 2.0]]))


def test_real_fragment_agrees_with_the_normals_in_its_file():
    scan = read_scan(local_real_data('fragment', 'fragment.pcd'))
    found = estimate_normals(scan.xyz)
    assert (np.abs((found * scan.normal).sum(1)) > np.cos(np.radians(25))).mean() > 0.95
