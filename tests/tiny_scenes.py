"""Hand-made scenes in the layouts of the data sets: a floor, a wall and boxes of every class."""

from pathlib import Path

import numpy as np
from mmengine.fileio import dump, load

from swin3d_mmdet3d.datasets.class_lists import S3DIS, SCANNET, STRUCTURED3D
from swin3d_mmdet3d.datasets.scannet200 import SCANNET200


def make_scene(rng, raw_ids, num_points=600):
    """One patch per class, 1 m apart: points (P, 6), unit normals (P, 3), raw labels (P,)."""
    label = np.arange(num_points) % len(raw_ids)
    rng.shuffle(label)
    xyz = rng.uniform(0, 0.8, (num_points, 3))
    xyz[:, 0] += label % 5
    xyz[:, 1] += label // 5
    rgb = rng.integers(0, 256, (num_points, 3))
    normals = rng.standard_normal((num_points, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = np.concatenate([xyz + [3, -7, 1], rgb], axis=1).astype(np.float32)
    return points, normals.astype(np.float32), np.array(raw_ids, dtype=np.int64)[label]


def write_scene(folder, name, scene):
    """Write the files of a scene and return its info entry."""
    points, normals, labels = scene
    files = dict(points=points, normals=normals, semantic_mask=labels, instance_mask=labels * 0)
    for kind, array in files.items():
        path = Path(folder) / kind / f'{name}.bin'
        path.parent.mkdir(parents=True, exist_ok=True)
        array.tofile(path)
    return dict(
        lidar_points=dict(num_pts_feats=6, lidar_path=f'{name}.bin'),
        pts_semantic_mask_path=f'{name}.bin',
        pts_instance_mask_path=f'{name}.bin',
        normals_path=f'{name}.bin',
        axis_align_matrix=np.eye(4),
        instances=[],
    )


def write_infos(folder, info_files, classes, num_points, scenes_per_file):
    """Write one info file per name, with fresh scenes in each."""
    rng = np.random.default_rng(0)
    for info_file in info_files:
        scenes = [f'{Path(info_file).stem}_{number}' for number in range(scenes_per_file)]
        data_list = [
            write_scene(folder, name, make_scene(rng, classes.raw_ids, num_points)) for name in scenes
        ]
        categories = {name: label for label, name in enumerate(classes.names)}
        metainfo = dict(categories=categories, dataset='tiny', info_version='1.1')
        dump(dict(metainfo=metainfo, data_list=data_list), str(Path(folder) / info_file))
    return str(folder)


def write_tiny_s3dis(folder, num_points=600, scenes_per_file=1):
    """Six areas in the layout of S3DIS; returns the data root."""
    files = [f's3dis_infos_Area_{area}.pkl' for area in range(1, 7)]
    return write_infos(folder, files, S3DIS, num_points, scenes_per_file)


def write_tiny_scannet(folder, num_points=600, scenes_per_file=1):
    """Three splits in the layout of ScanNet; returns the data root."""
    files = [f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')]
    return write_infos(folder, files, SCANNET, num_points, scenes_per_file)


def write_tiny_scannet200(folder, num_points=600, scenes_per_file=1):
    """Three splits in the layout of ScanNet whose masks of 200 classes alone make sense; returns the root."""
    files = [f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')]
    root = Path(write_infos(folder, files, SCANNET200, num_points, scenes_per_file))
    (root / 'semantic_mask').rename(root / 'semantic_mask200')
    for file in files:
        infos = load(str(root / file))
        for info in infos['data_list']:
            info['pts_semantic_mask200_path'] = info['pts_semantic_mask_path']
        dump(infos, str(root / file))
    return str(root)


def write_tiny_structured3d(folder, num_points=600, scenes_per_file=1):
    """Three splits of Structured3D in the same layout; returns the data root."""
    files = [f'structured3d_infos_{split}.pkl' for split in ('train', 'val', 'test')]
    return write_infos(folder, files, STRUCTURED3D, num_points, scenes_per_file)
