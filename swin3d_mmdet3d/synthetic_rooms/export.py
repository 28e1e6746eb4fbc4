"""Files of a scene in the layout that mmdet3d's indoor datasets read, and their info files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from swin3d_mmdet3d.synthetic_rooms.domains import Domain
from swin3d_mmdet3d.synthetic_rooms.scanner import Scan
from swin3d_mmdet3d.synthetic_rooms.shapes import rotation
from swin3d_mmdet3d.whole_file import whole_file

POINT_FOLDERS = ('points', 'normals', 'semantic_mask', 'instance_mask')


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a whole file or none."""
    with whole_file(path) as part:
        part.write_bytes(data)


def scene_to_file_frame(rng: np.random.Generator, domain: Domain, xyz: np.ndarray) -> np.ndarray:
    """(4, 4) matrix from the room's frame to the frame of the written points.

    s3dis: points are shifted so that their smallest coordinates are 0. scannet: the room is
    turned about z and shifted, as a hand-held scan is. structured3d: the room's frame.
    """
    matrix = np.eye(4)
    if domain.name == 's3dis':
        matrix[:3, 3] = -xyz.min(axis=0)
    if domain.name == 'scannet':
        matrix[:3, :3] = rotation(rng.uniform(-np.pi, np.pi))
        turned = xyz @ matrix[:3, :3].T
        matrix[:3, 3] = rng.uniform(0, 0.05, 3) - turned.min(axis=0)
    return matrix


def boxes_of(
    domain: Domain, kinds: list[str], xyz: np.ndarray, instance: np.ndarray
) -> list[dict[str, object]]:
    """Axis-aligned boxes around the points of every instance that has a box class."""
    boxes = []
    for index in np.unique(instance):
        label = domain.box_label(kinds[index])
        if label is not None:
            own = xyz[instance == index].astype(np.float32)
            low, high = own.min(axis=0), own.max(axis=0)
            box = np.concatenate([(low + high) / 2, high - low]).astype(np.float64)
            boxes.append({'bbox_3d': box.tolist(), 'bbox_label_3d': label})
    return boxes


def write_scene(
    root: Path, domain: Domain, name: str, kinds: list[str], scan: Scan, to_file: np.ndarray, labelled: bool
) -> tuple[dict, list[Path]]:
    """Writes points, normals and masks of a scene; returns its entry of the info file, and the files.

    Args:
        root: folder of the data set.
        domain: class ids and conventions.
        name: name of the scene.
        kinds: kind of each instance.
        scan: the points, in the room's frame.
        to_file: (4, 4) matrix from the room's frame to the frame of the files.
        labelled: whether masks and boxes are written.
    """
    turn, shift = to_file[:3, :3], to_file[:3, 3]
    xyz = scan.xyz @ turn.T + shift
    if domain.name == 's3dis':
        xyz = np.maximum(xyz, 0)
    points = np.concatenate([xyz, scan.rgb], axis=1).astype(np.float32)
    normals = (scan.normals @ turn.T).astype(np.float32)
    raw = np.array([domain.raw_id(kind) for kind in kinds])
    files = {'points': points, 'normals': normals}
    info: dict = {'lidar_points': {'num_pts_feats': 6, 'lidar_path': f'{name}.bin'}}
    if labelled:
        files['semantic_mask'] = raw[scan.instance].astype(np.int64)
        files['instance_mask'] = _instance_ids(domain, raw, scan.instance)
        info['pts_semantic_mask_path'] = f'{name}.bin'
        info['pts_instance_mask_path'] = f'{name}.bin'
    info['instances'] = []
    if domain.name == 'scannet':
        align = np.linalg.inv(to_file)
        info['axis_align_matrix'] = align.tolist()
        xyz = points[:, :3].astype(np.float64) @ align[:3, :3].T + align[:3, 3]
    if labelled:
        info['instances'] = boxes_of(domain, kinds, xyz, scan.instance)
    info['normals_path'] = f'{name}.bin'
    for folder, values in files.items():
        write_bytes(root / folder / f'{name}.bin', values.tobytes())
    return info, [root / folder / f'{name}.bin' for folder in files]


def _instance_ids(domain: Domain, raw: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """(P,) int64 ids from 1 on in order of appearance; in ScanNet's style 0 is unannotated."""
    annotated = np.ones(len(raw), dtype=bool)
    if domain.name != 's3dis':
        annotated = np.isin(raw, domain.annotated_ids)
    present = np.zeros(len(raw), dtype=bool)
    present[instance] = True
    ids = np.where(present & annotated, np.cumsum(present & annotated), 0)
    return ids[instance].astype(np.int64)


def write_infos(root: Path, domain: Domain, split: str, data_list: list[dict]) -> Path:
    """Writes the info file of one split in the format of mmdet3d v2 and returns its path."""
    metainfo = {
        'categories': {name: label for label, name in enumerate(domain.classes.names)},
        'dataset': domain.name,
        'info_version': '1.1',
    }
    path = root / f'{domain.name}_infos_{split}.pkl'
    write_bytes(path, pickle.dumps({'metainfo': metainfo, 'data_list': data_list}))
    return path
