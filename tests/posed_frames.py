"""Hand-made RGB-D frames: views from inside an empty box-shaped room whose colour is its position."""

import pickle
from pathlib import Path

import cv2
import numpy as np

from swin3d_mmdet3d.geometry.camera import intrinsic_matrix, look_at, pixel_grid, unproject

ROOM = np.array([4.0, 3.0, 2.5])  # metres
SIZE = (32, 24)
INTRINSIC = intrinsic_matrix(*SIZE, np.deg2rad(70))


def room_depth(pose):
    """(height, width) float64 depth of the room's walls seen by a camera inside it."""
    grid = pixel_grid(*SIZE)
    ray = unproject(grid, np.ones(len(grid)), pose, INTRINSIC) - pose[:3, 3]
    wall = np.where(ray > 0, ROOM, 0.0) - pose[:3, 3]
    return (wall / np.where(ray == 0, 1e-12, ray)).min(axis=1).reshape(SIZE[::-1])


def room_image(pose):
    """(height, width, 3) uint8 image of the same view."""
    grid = pixel_grid(*SIZE)
    points = unproject(grid, room_depth(pose).ravel(), pose, INTRINSIC)
    return np.clip(points / ROOM * 255, 0, 255).round().astype(np.uint8).reshape(*SIZE[::-1], 3)


def poses(count):
    """Cameras in the middle of the room that look around."""
    angles = 0.3 + np.arange(count) * 2 * np.pi / count
    eye = np.array([2.0, 1.5, 1.3])
    return [look_at(eye, eye + [np.cos(a), np.sin(a), -0.3]) for a in angles]


def write_frame(folder, index, image, depth_mm, pose):
    """Write one frame; parts that are None are left out."""
    stem = Path(folder) / f'{index:05d}'
    cv2.imwrite(f'{stem}.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    if depth_mm is not None:
        cv2.imwrite(f'{stem}.png', depth_mm.astype(np.uint16))
    if pose is not None:
        np.savetxt(f'{stem}.txt', pose)


def write_posed_room(root, scene='room', num_frames=4, info_file='scenes.pkl'):
    """A scene with frames, the points they see, normals and an info file; returns the root."""
    root = Path(root)
    folder = root / 'posed_images' / scene
    folder.mkdir(parents=True)
    np.savetxt(folder / 'intrinsic.txt', INTRINSIC)
    clouds = []
    for index, pose in enumerate(poses(num_frames)):
        depth, image = room_depth(pose), room_image(pose)
        write_frame(folder, index, image, np.round(depth * 1000), pose)
        xyz = unproject(pixel_grid(*SIZE), depth.ravel(), pose, INTRINSIC)
        clouds.append(np.concatenate([xyz, image.reshape(-1, 3)], axis=1))
    points = np.concatenate(clouds).astype(np.float32)
    normals = np.tile(np.float32([0, 0, 1]), (len(points), 1))
    for kind, rows in dict(points=points, normals=normals).items():
        (root / kind).mkdir(exist_ok=True)
        rows.tofile(root / kind / f'{scene}.bin')
    info = dict(lidar_points=dict(num_pts_feats=6, lidar_path=f'{scene}.bin'), normals_path=f'{scene}.bin')
    (root / info_file).write_bytes(pickle.dumps(dict(metainfo={}, data_list=[info])))
    return root
