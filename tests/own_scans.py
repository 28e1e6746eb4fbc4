"""Labelled office scans as a user has them: PLY files written by plyfile, with boxes in JSON beside them."""

import json
from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElement

NAMES = ('floor', 'wall', 'desk', 'chair', 'monitor', 'lamp')
COLORS = np.array(
    [[120, 90, 60], [200, 195, 180], [150, 100, 50], [30, 60, 140], [25, 25, 30], [230, 200, 60]]
)
SIZES = {
    'desk': (1.5, 0.7, 0.74),
    'chair': (0.5, 0.5, 0.9),
    'monitor': (0.6, 0.1, 0.4),
    'lamp': (0.3, 0.3, 1.6),
}
UNLABELLED = 9
DENSITY = 900  # points per square metre


def on_box(rng, center, size):
    """Points on the surface of a box."""
    size = np.asarray(size)
    areas = np.array([size[1] * size[2], size[0] * size[2], size[0] * size[1]])
    axis = rng.choice(3, int(2 * areas.sum() * DENSITY) + 12, p=areas / areas.sum())
    points = rng.uniform(-0.5, 0.5, (len(axis), 3))
    points[np.arange(len(axis)), axis] = rng.choice([-0.5, 0.5], len(axis))
    return points * size + center


def office(rng):
    """One room: points (P, 3) in metres with z up, labels (P,), boxes as (name, centre, size)."""
    width, depth = rng.uniform(3.5, 5, 2)
    parts, boxes = [], []
    for name, center, size in (
        ('floor', (width / 2, depth / 2, 0), (width, depth, 0)),
        ('wall', (0, depth / 2, 1.3), (0, depth, 2.6)),
        ('wall', (width / 2, depth, 1.3), (width, 0, 2.6)),
    ):
        parts.append((name, on_box(rng, center, size)))
    for place in range(2):
        x, y = (0.3 + place * 0.5) * width, rng.uniform(0.35, 0.7) * depth
        top = SIZES['desk'][2]
        boxes.append(('desk', (x, y, top / 2), SIZES['desk']))
        boxes.append(('monitor', (x + rng.uniform(-0.3, 0.3), y + 0.15, top + 0.2), SIZES['monitor']))
        boxes.append(('chair', (x + rng.uniform(-0.3, 0.3), y - 0.8, 0.45), SIZES['chair']))
    boxes.append(('lamp', (width - 0.4, rng.uniform(0.3, 0.8) * depth, 0.8), SIZES['lamp']))
    parts += [(name, on_box(rng, center, size)) for name, center, size in boxes]
    xyz = np.concatenate([points for _, points in parts]) + rng.normal(0, 0.004, (1, 3))
    label = np.repeat([NAMES.index(name) for name, _ in parts], [len(points) for _, points in parts])
    return xyz, label, boxes


def write_office_scans(folder, rooms=12, seed=0, up='z', unit=1.0, far=True):
    """Write rooms as PLY files with `label` and boxes in JSON; every second one far from the origin.

    Args:
        folder: where to.
        rooms: how many.
        seed: of the rooms.
        up: 'z', or 'y' for files whose second axis points up.
        unit: metres of one unit of the files.
        far: whether half of the rooms lie at the coordinates of a survey.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(rooms):
        xyz, label, boxes = office(rng)
        shift = np.array([451230.0, 5410980.0, 312.0]) if far and number % 2 else np.zeros(3)
        color = np.clip(COLORS[label] + rng.normal(0, 15, (len(label), 3)), 0, 255).astype(np.uint8)
        label = np.where(rng.random(len(label)) < 0.05, UNLABELLED, label)

        def in_file(point, shift=shift):
            x, y, z = np.moveaxis((np.asarray(point) + shift) / unit, -1, 0)
            return np.stack([x, y, z] if up == 'z' else [y, z, x], axis=-1)

        place = in_file(xyz)
        fields = (
            [(axis, 'f8') for axis in 'xyz']
            + [(c, 'u1') for c in ('red', 'green', 'blue')]
            + [('label', 'i4')]
        )
        rows = np.empty(len(xyz), dtype=fields)
        for column, (name, _) in enumerate(fields[:3]):
            rows[name] = place[:, column]
        for column, name in enumerate(('red', 'green', 'blue')):
            rows[name] = color[:, column]
        rows['label'] = label
        PlyData([PlyElement.describe(rows, 'vertex')]).write(str(folder / f'office_{number:02d}.ply'))
        entries = [
            dict(
                name=name,
                center=in_file(center).tolist(),
                size=(in_file(size) - in_file(np.zeros(3))).tolist(),
            )
            for name, center, size in boxes
        ]
        (folder / f'office_{number:02d}.json').write_text(json.dumps(entries))
    return folder
