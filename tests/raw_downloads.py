"""Raw downloads of ScanNet, S3DIS and Structured3D in their official formats, made of hand-made rooms."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from furnished_room import first_hits, furnished_room, room_mesh
from PIL import Image
from plyfile import PlyData, PlyElement

from swin3d_mmdet3d.datasets.class_lists import S3DIS, STRUCTURED3D

S3DIS_FOLDER = 'Stanford3dDataset_v1.2_Aligned_Version'
LABEL_MAP = 'scannetv2-labels.combined.tsv'

# raw category: (id of ScanNet200, NYU40 id, NYU40 class)
SCANNET_CATEGORIES = {
    'wall': (1, 1, 'wall'),
    'floor': (3, 2, 'floor'),
    'ceiling': (41, 22, 'ceiling'),
    'cabinet': (7, 3, 'cabinet'),
    'bed': (11, 4, 'bed'),
    'office chair': (10, 5, 'chair'),
    'couch': (6, 6, 'sofa'),
    'coffee table': (24, 7, 'table'),
    'door': (5, 8, 'door'),
    'window': (16, 9, 'window'),
    'bookshelf': (18, 10, 'bookshelf'),
    'picture': (15, 11, 'picture'),
    'counter': (35, 12, 'counter'),
    'desk': (9, 14, 'desk'),
    'curtain': (21, 16, 'curtain'),
    'refrigerator': (27, 24, 'refridgerator'),
    'shower curtain': (55, 28, 'shower curtain'),
    'toilet': (17, 33, 'toilet'),
    'sink': (14, 34, 'sink'),
    'bathtub': (42, 36, 'bathtub'),
    'trash can': (56, 39, 'otherfurniture'),
    'pillow': (13, 18, 'pillow'),
}
SCANNET_FURNITURE = tuple(SCANNET_CATEGORIES)[3:]
UNANNOTATED = 'pillow'  # no segment group names it
S3DIS_FURNITURE = S3DIS.names[3:12] + ('stairs', 'clutter')
STRUCTURED3D_FURNITURE = tuple(n for n in STRUCTURED3D.names if n not in ('wall', 'floor', 'ceiling'))[:20]
EYE = np.array([3.05, 2.45, 1.9])


def write_raw_scannet(folder, train=2, val=1, test=1, spacing=0.15):
    """scans, scans_test, the label map and the split lists; returns the folder."""
    folder = Path(folder)
    names = [f'scene{number:04d}_00' for number in range(train + val)]
    tests = [f'scene{707 + number:04d}_00' for number in range(test)]
    (folder / 'meta_data').mkdir(parents=True, exist_ok=True)
    for split, own in (('train', names[:train]), ('val', names[train:]), ('test', tests)):
        (folder / 'meta_data' / f'scannetv2_{split}.txt').write_text(''.join(f'{n}\n' for n in own))
    write_label_map(folder / LABEL_MAP)
    for name in names:
        write_scannet_scene(folder / 'scans' / name, spacing=spacing)
    for name in tests:
        write_scannet_scene(folder / 'scans_test' / name, labelled=False, spacing=spacing)
    return folder


def write_label_map(path):
    """The columns of the label map that tools read, and one that they do not."""
    lines = ['id\traw_category\tcategory\tcount\tnyu40id\tnyu40class']
    for raw, (number, nyu40, name) in SCANNET_CATEGORIES.items():
        lines.append(f'{number}\t{raw}\t{raw}\t8\t{nyu40}\t{name}')
    path.write_text('\n'.join(lines) + '\n')


def scannet_room(name, spacing=0.15):
    """The room and its mesh in the aligned frame, and the (4, 4) axis alignment of a raw scene."""
    seed = int(name[5:9])
    room = furnished_room(SCANNET_FURNITURE, seed)
    angle = 0.3 + seed
    align = np.eye(4)
    align[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    align[:3, 3] = [-3.25, 1.5, -0.125]
    return room, room_mesh(room, spacing, seed), align


def write_scannet_scene(folder, labelled=True, spacing=0.15):
    """The files of one scan; those of the test split have neither labels nor an alignment."""
    name = folder.name
    folder.mkdir(parents=True, exist_ok=True)
    room, mesh, align = scannet_room(name, spacing)
    xyz = (mesh.xyz - align[:3, 3]) @ align[:3, :3]
    info = 'colorHeight = 968\ncolorWidth = 1296\nsceneType = Bedroom / Hotel\n'
    stem = folder / f'{name}_vh_clean_2'
    _write_mesh(stem.with_suffix('.ply'), xyz, mesh)
    if labelled:
        info = f'axisAlignment = {" ".join(repr(v) for v in align.ravel())} \n{info}'
        nyu40 = np.array([SCANNET_CATEGORIES[k][1] * (k != UNANNOTATED) for k in room.kinds])
        _write_mesh(Path(f'{stem}.labels.ply'), xyz, mesh, nyu40[mesh.thing])
        _write_segments(folder, room, mesh)
    (folder / f'{name}.txt').write_text(info)


def _write_mesh(path, xyz, mesh, label=None):
    columns = [('x', '<f4'), ('y', '<f4'), ('z', '<f4')]
    columns += [(name, 'u1') for name in ('red', 'green', 'blue', 'alpha')]
    values = [*xyz.T, *mesh.rgb.T, np.full(len(xyz), 255)]
    if label is not None:
        columns, values = [*columns, ('label', '<u2')], [*values, label]
    vertex = np.empty(len(xyz), dtype=columns)
    for (name, _), column in zip(columns, values):
        vertex[name] = column
    face = np.empty(len(mesh.faces), dtype=[('vertex_indices', '<i4', (3,))])
    face['vertex_indices'] = mesh.faces
    PlyData([PlyElement.describe(vertex, 'vertex'), PlyElement.describe(face, 'face')]).write(str(path))


def _write_segments(folder, room, mesh):
    """Over-segmentation by rectangle, with ids that have gaps, and the objects made of segments."""
    name = folder.name
    of_patch = 7 * np.arange(len(room.rectangles)) + 3
    segments = dict(params={}, sceneId=name, segIndices=of_patch[mesh.patch].tolist())
    (folder / f'{name}_vh_clean_2.0.010000.segs.json').write_text(json.dumps(segments))
    groups = []
    for thing, kind in enumerate(room.kinds):
        if kind != UNANNOTATED:
            own = [int(of_patch[i]) for i, r in enumerate(room.rectangles) if r.thing == thing]
            groups.append(dict(id=len(groups), objectId=len(groups), segments=own, label=kind))
    whole = dict(sceneId=f'scannet.{name}', segGroups=groups)
    (folder / f'{name}.aggregation.json').write_text(json.dumps(whole))


def write_raw_s3dis(folder, rooms_per_area=1, spacing=0.15):
    """Six areas, among them Area_5/hallway_6 with the byte that is no blank; returns the folder."""
    folder = Path(folder) / S3DIS_FOLDER
    for area in range(1, 7):
        rooms = ['hallway_6' if area == 5 else 'office_1', *(f'office_{n}' for n in range(10, 30))]
        for number, room in enumerate(rooms[:rooms_per_area]):
            write_s3dis_room(folder / f'Area_{area}' / room, 10 * area + number, spacing)
    spoilt = folder / 'Area_5' / 'hallway_6' / 'Annotations' / 'ceiling_1.txt'
    lines = spoilt.read_bytes().splitlines()
    lines[2] = b'\x10'.join(lines[2].rsplit(b' ', 1))
    spoilt.write_bytes(b'\n'.join(lines))
    return folder


def s3dis_room(seed, spacing=0.15):
    """Things in the sorted order of their files: list of (kind, points (P, 6), normals (P, 3))."""
    room = furnished_room(S3DIS_FURNITURE, seed)
    mesh = room_mesh(room, spacing, seed)
    counts, things = {}, {}
    xyz = np.round(mesh.xyz + [-15.5, 31.25, -0.1], 3)
    for thing, kind in enumerate(room.kinds):
        counts[kind] = counts.get(kind, 0) + 1
        own = mesh.thing == thing
        points = np.concatenate([xyz[own], mesh.rgb[own]], axis=1)
        things[f'{kind}_{counts[kind]}.txt'] = (kind, points, mesh.normals[own])
    return [things[name] for name in sorted(things)], sorted(things)


def write_s3dis_room(folder, seed, spacing=0.15):
    """Annotations of one room and its text file."""
    (folder / 'Annotations').mkdir(parents=True, exist_ok=True)
    things, names = s3dis_room(seed, spacing)
    for (_, points, _), name in zip(things, names):
        np.savetxt(folder / 'Annotations' / name, points, fmt='%.3f %.3f %.3f %d %d %d')
    whole = np.concatenate([points for _, points, _ in things])
    np.savetxt(folder / f'{folder.name}.txt', whole, fmt='%.3f %.3f %.3f %d %d %d')


def write_raw_structured3d(folder, scenes=(0, 1, 3000, 3250), size=(256, 128), rooms=1):
    """Panorama renders of rooms of the given scene ids; returns the folder."""
    folder = Path(folder) / 'Structured3D'
    for scene in scenes:
        for number in range(rooms):
            room = folder / f'scene_{scene:05d}' / '2D_rendering' / str(485142 + number)
            write_panorama(room, scene + 10000 * number, size)
    return folder


def panorama(seed, size=(256, 128)):
    """Unit directions (H, W, 3), distance in metres and rectangle number (H, W), and the room."""
    width, height = size
    azimuth = np.arange(width) / width * 2 * np.pi - np.pi
    elevation = np.pi / 2 - np.arange(height) / height * np.pi
    azimuth, elevation = np.meshgrid(azimuth, elevation)
    flat = np.cos(elevation)
    directions = np.stack([flat * np.sin(azimuth), flat * np.cos(azimuth), np.sin(elevation)], axis=-1)
    room = furnished_room(STRUCTURED3D_FURNITURE, seed)
    distance, number = first_hits(room, EYE, directions.reshape(-1, 3))
    return directions, distance.reshape(height, width), number.reshape(height, width), room


def write_panorama(folder, seed, size=(256, 128)):
    """camera_xyz.txt (millimetres) and the full images of a room's panorama.

    A patch of pixels is measured by nothing (depth 65535), another has no label.
    """
    _, distance, number, room = panorama(seed, size)
    full = folder / 'panorama' / 'full'
    _write_images(full, room, distance, number)
    (folder / 'panorama' / 'camera_xyz.txt').write_text(' '.join(f'{1000 * v:.3f}' for v in EYE) + '\n')


def write_perspective(folder, seed, size=(160, 120), view=0):
    """camera_pose.txt and the images of a view that looks along x + y, slightly down."""
    front = np.array([0.6, 0.75, -0.28])
    front /= np.linalg.norm(front)
    right = np.cross(front, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, front)
    half_angles = np.radians([40, 30])
    column, row = np.meshgrid(np.arange(1, size[0] + 1), np.arange(1, size[1] + 1))
    x = (column / size[0] * 2 - 1) * np.tan(half_angles[0])
    y = (row / size[1] * 2 - 1) * np.tan(half_angles[1])
    directions = front + x[..., None] * right - y[..., None] * up
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    room = furnished_room(STRUCTURED3D_FURNITURE, seed)
    distance, number = first_hits(room, EYE, directions.reshape(-1, 3))
    full = folder / 'perspective' / 'full' / str(view)
    _write_images(full, room, distance.reshape(x.shape), number.reshape(x.shape))
    pose = [*(1000 * EYE), *front, *up, *half_angles, 1]
    (full / 'camera_pose.txt').write_text(' '.join(repr(float(v)) for v in pose) + '\n')


def _write_images(folder, room, distance, number):
    folder.mkdir(parents=True, exist_ok=True)
    thing = np.array([rectangle.thing for rectangle in room.rectangles])[number]
    ids = dict(zip(STRUCTURED3D.names, STRUCTURED3D.raw_ids))
    semantic = np.array([ids[kind] for kind in room.kinds], dtype=np.uint8)[thing]
    depth = np.round(distance * 1000).astype(np.uint16)
    depth[2:6, 10:20] = 65535
    semantic[8:12, 10:20] = 0
    cv2.imwrite(str(folder / 'rgb_rawlight.png'), room.colors[thing].astype(np.uint8)[..., ::-1])
    cv2.imwrite(str(folder / 'depth.png'), depth)
    image = Image.fromarray(semantic)
    image.putpalette([value % 256 for value in range(768)])
    image.save(folder / 'semantic.png')
