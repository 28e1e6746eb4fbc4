"""What a scanned room gives the files of a benchmark: its frame of reference, ids and boxes."""

from __future__ import annotations

import numpy as np

from ..datasets.layout.scenes import IndoorScene, instance_boxes
from .domains import Domain
from .scanner import RoomScan
from .scene import SceneMesh
from .shapes import rotation

ENTRY_KEYS = (
    'lidar_points',
    'pts_semantic_mask_path',
    'pts_instance_mask_path',
    'instances',
    'axis_align_matrix',
    'normals_path',
)
"""The order in info files of this recipe, whose bytes stay what they are."""


def scene_to_file_frame(
    rng: np.random.Generator, domain: Domain, xyz: np.ndarray, fragment: bool
) -> np.ndarray:
    """(4, 4) matrix from the room's frame to the frame of the written points.

    s3dis: points are shifted so that their smallest coordinates are 0. scannet: the room is
    turned about z and shifted, as a hand-held scan is. structured3d: the room's frame. A fragment is
    turned about z in every domain.
    """
    matrix = np.eye(4)
    if fragment or domain.name == 'scannet':
        matrix[:3, :3] = rotation(rng.uniform(-np.pi, np.pi))
    least = (xyz @ matrix[:3, :3].T).min(axis=0)
    if domain.name == 's3dis':
        matrix[:3, 3] = -least
    if domain.name == 'scannet':
        matrix[:3, 3] = rng.uniform(0, 0.05, 3) - least
    return matrix


def indoor_scene(
    domain: Domain, mesh: SceneMesh, scan: RoomScan, to_file: np.ndarray, labelled: bool
) -> IndoorScene:
    """Points, normals, masks and boxes of a room.

    Args:
        domain: Class ids and conventions.
        mesh: Kinds of the instances, and what they stand on.
        scan: The points, in the room's frame.
        to_file: (4, 4) matrix from the room's frame to the frame of the files.
        labelled: Whether it has masks and boxes.
    """
    turn, shift = to_file[:3, :3], to_file[:3, 3]
    xyz = scan.xyz @ turn.T + shift
    if domain.name == 's3dis':
        xyz = np.maximum(xyz, 0)
    points = np.concatenate([xyz, scan.rgb], axis=1).astype(np.float32)
    align = None
    if domain.name == 'scannet':
        align = np.linalg.inv(to_file)
        xyz = points[:, :3].astype(np.float64) @ align[:3, :3].T + align[:3, 3]
    masks, boxes = {}, []
    if labelled:
        kinds = mesh.kinds
        instance = domain.annotated_as(kinds, mesh.below)[scan.instance]
        raw = np.array([domain.raw_id(kind) for kind in kinds])
        masks['semantic_mask'] = raw[instance].astype(np.int64)
        masks['instance_mask'] = _instance_ids(domain, raw, instance)
        labels = {index: domain.box_label(kind) for index, kind in enumerate(kinds)}
        boxed = {index: label for index, label in labels.items() if label is not None}
        boxes = instance_boxes(xyz.astype(np.float32), instance, boxed)
    return IndoorScene(points, (scan.normals @ turn.T).astype(np.float32), masks, boxes, align)


def room_entry(name: str, scene: IndoorScene) -> dict:
    """The entry of a room in the info file."""
    entry = scene.entry(name)
    return {key: entry[key] for key in ENTRY_KEYS if key in entry}


def _instance_ids(domain: Domain, raw: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """(P,) int64 ids from 1 on in order of appearance; in ScanNet's style 0 is unannotated."""
    annotated = np.ones(len(raw), dtype=bool)
    if domain.name != 's3dis':
        annotated = np.isin(raw, domain.annotated_ids)
    present = np.zeros(len(raw), dtype=bool)
    present[instance] = True
    ids = np.where(present & annotated, np.cumsum(present & annotated), 0)
    return ids[instance].astype(np.int64)
