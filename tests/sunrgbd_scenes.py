"""Small scenes with turned boxes, as SUN RGB-D's download has them and as mmdet3d's converter leaves them."""

import pickle

import numpy as np
from mmdet3d.datasets import SUNRGBDDataset
from PIL import Image
from scipy.io import savemat

NAMES = SUNRGBDDataset.METAINFO['classes']
SPLITS = {'train': (1, 2, 3, 4), 'val': (5, 6)}
IMAGE_SIZE = (60, 80)  # height, width
INTRINSICS = np.array([[70.0, 0, 40], [0, 70.0, 30], [0, 0, 1]], dtype=np.float32)
TILT = np.eye(3, dtype=np.float32)
FLOOR_COLOR = 128 / 255


def class_color(label):
    """The colour of a class's points, of 255 steps, in 0 .. 1."""
    return np.array([28 * label, 255 - 28 * label, 100 * (label % 3)]) / 255


def sunrgbd_scene(number, points=3000):
    """Points (P, 6) with rgb in 0 .. 1, boxes (M, 7) of centre, size and yaw, and their classes (M,).

    The camera is the origin, x right, y ahead, z up; five boxes stand on a floor 1 m below it. A point has
    the colour of its object.
    """
    rng = np.random.default_rng(number)
    labels = (np.arange(5) + 5 * (number % 2)) % 10
    place = np.array([[-1.5, 2, 0], [0, 2, 0], [1.5, 2, 0], [-0.8, 3.8, 0], [0.8, 3.8, 0]])
    size = np.stack([0.5 + 0.05 * labels, 1.1 - 0.04 * labels, 0.5 + 0.06 * labels], axis=1)
    boxes = np.c_[place + [0, 0, -1], size, rng.uniform(-3, 3, 5)]
    boxes[:, :2] += rng.uniform(-0.1, 0.1, (5, 2))
    boxes[:, 2] += size[:, 2] / 2
    per_box = points // 8
    floor = rng.uniform([-2.5, 1, -1], [2.5, 5, -1], (points - 5 * per_box, 3))
    clouds = [np.c_[floor, np.full(floor.shape, FLOOR_COLOR)]]
    for box, label in zip(boxes, labels):
        local = rng.uniform(-0.5, 0.5, (per_box, 3))
        face = rng.integers(0, 3, per_box)
        local[np.arange(per_box), face] = rng.choice([-0.5, 0.5], per_box)
        cos, sin = np.cos(box[6]), np.sin(box[6])
        xyz = (local * box[3:6] * 0.999) @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) + box[:3]
        clouds.append(np.c_[xyz, np.tile(class_color(label), (per_box, 1))])
    return np.concatenate(clouds).astype(np.float32), boxes, labels


def sunrgbd_info(number, boxes, labels):
    """An entry of the info file, of its second version."""
    instances = [
        dict(bbox=[1.0, 2.0, 11.0, 22.0], bbox_label=label, bbox_3d=box, bbox_label_3d=label)
        for box, label in zip(boxes.tolist(), labels.tolist())
    ]
    upright = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) @ TILT.T
    camera = dict(
        img_path=f'{number:06d}.jpg',
        height=IMAGE_SIZE[0],
        width=IMAGE_SIZE[1],
        depth2img=(INTRINSICS @ upright).tolist(),
    )
    return dict(
        lidar_points=dict(num_pts_feats=6, lidar_path=f'{number:06d}.bin'),
        images=dict(CAM0=camera),
        instances=instances,
    )


def write_sunrgbd(folder, points=3000, splits=SPLITS):
    """Write points and info files as mmdet3d's converter does; returns the folder."""
    (folder / 'points').mkdir(parents=True)
    for split, numbers in splits.items():
        entries = []
        for number in numbers:
            cloud, boxes, labels = sunrgbd_scene(number, points)
            cloud.tofile(folder / 'points' / f'{number:06d}.bin')
            entries.append(sunrgbd_info(number, boxes, labels))
        categories = {name: label for label, name in enumerate(NAMES)}
        metainfo = dict(categories=categories, dataset='sunrgbd', info_version='1.1')
        content = pickle.dumps(dict(metainfo=metainfo, data_list=entries))
        (folder / f'sunrgbd_infos_{split}.pkl').write_bytes(content)
    return folder


def write_raw_sunrgbd(folder, points=3000, splits=SPLITS):
    """Write what the scripts of the download leave for mmdet3d's converter; returns the folder."""
    root = folder / 'sunrgbd_trainval'
    for name in ('image', 'calib', 'depth', 'label'):
        (root / name).mkdir(parents=True)
    for split, numbers in splits.items():
        (root / f'{split}_data_idx.txt').write_text(''.join(f'{number}\n' for number in numbers))
        for number in numbers:
            cloud, boxes, labels = sunrgbd_scene(number, points)
            savemat(root / 'depth' / f'{number:06d}.mat', dict(instance=cloud))
            Image.new('RGB', IMAGE_SIZE[::-1]).save(root / 'image' / f'{number:06d}.jpg')
            matrices = [' '.join(map(repr, m.flatten(order='F').tolist())) for m in (TILT, INTRINSICS)]
            (root / 'calib' / f'{number:06d}.txt').write_text('\n'.join(matrices))
            lines = []
            for (x, y, z, dx, dy, dz, yaw), label in zip(boxes.tolist(), labels):
                # 2D box, centre, half of width (y), length (x) and height, direction
                numbers_of_box = [1, 2, 10, 20, x, y, z, dy / 2, dx / 2, dz / 2, np.cos(yaw), np.sin(yaw)]
                lines.append(' '.join([NAMES[label], *(repr(float(value)) for value in numbers_of_box)]))
            lines.append('lamp 0 0 5 5 0 2 0 0.1 0.1 0.1 1 0')  # none of the ten classes
            (root / 'label' / f'{number:06d}.txt').write_text('\n'.join(lines))
    return folder
