"""Generates a data set of labelled rooms: the same bytes for the same seed, in any number of workers."""

from __future__ import annotations

import functools
import json
import os
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from mmengine.utils import track_parallel_progress, track_progress

from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS
from swin3d_mmdet3d.synthetic_rooms.export import (
    scene_to_file_frame,
    write_bytes,
    write_infos,
    write_scene,
)
from swin3d_mmdet3d.synthetic_rooms.lighting import random_lighting
from swin3d_mmdet3d.synthetic_rooms.ray_caster import RayCaster, note_backend
from swin3d_mmdet3d.synthetic_rooms.rgbd_frames import write_frames
from swin3d_mmdet3d.synthetic_rooms.room_programs import build_room
from swin3d_mmdet3d.synthetic_rooms.scanner import scan_scene
from swin3d_mmdet3d.synthetic_rooms.scene import compile_mesh

RECIPE = 2  # raised when the same settings no longer give the same rooms
LEAST_POINTS_PER_ROOM = 1000
FINISHED = 'finished_rooms'


@dataclass(frozen=True)
class RoomSettings:
    """What decides the bytes of a room, besides its index."""

    domain: str
    points_per_room: int
    frames_per_room: int
    frame_size: tuple[int, int]
    seed: int
    recipe: int = RECIPE


def make_rooms(
    domain: str,
    out: str | os.PathLike,
    num_rooms: int,
    points_per_room: int = 50000,
    frames_per_room: int = 0,
    seed: int = 0,
    workers: int | None = None,
    frame_size: tuple[int, int] = (640, 480),
) -> Path:
    """Writes labelled indoor rooms in the layout of a benchmark.

    Rooms that an earlier call finished with the same settings are kept.

    Args:
        domain: 's3dis', 'scannet' or 'structured3d'.
        out: folder of the data set; made if missing.
        num_rooms: number of rooms.
        points_per_room: points of each scan.
        frames_per_room: posed RGB-D frames of each room; 0 for none.
        seed: seed of all rooms, not negative.
        workers: processes; all cores by default.
        frame_size: width and height of the frames in pixels.

    Returns:
        The folder.

    Raises:
        ValueError: an argument is out of range, or `out` is a file.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    root = Path(out)
    _check(domain, root, num_rooms, points_per_room, frames_per_room, seed, workers, frame_size)
    note_backend()
    settings = RoomSettings(domain, points_per_room, frames_per_room, tuple(frame_size), seed)
    task = functools.partial(make_room, settings, root)
    indices = list(range(num_rooms))
    if workers == 1:
        infos = track_progress(task, indices)
    else:
        infos = track_parallel_progress(task, indices, min(workers, num_rooms), keep_order=True)
    kind = DOMAINS[domain]
    for split in kind.splits:
        own = [info for index, info in zip(indices, infos) if kind.split(index) == split]
        write_infos(root, kind, split, own)
    print_log(f'{num_rooms} rooms of the domain {domain} are in {root}', 'current')
    return root


def make_room(settings: RoomSettings, root: Path, index: int) -> dict:
    """Writes room `index` unless it is there already; returns its entry of the info file."""
    domain = DOMAINS[settings.domain]
    name = domain.scene_name(index)
    ticket = root / FINISHED / f'{name}.pkl'
    stamp = json.dumps({**asdict(settings), 'index': index}, sort_keys=True)
    if ticket.is_file():
        finished = pickle.loads(ticket.read_bytes())
        if finished['stamp'] == stamp and (root / 'points' / f'{name}.bin').is_file():
            return finished['info']
        ticket.unlink()
    number = list(DOMAINS).index(settings.domain)
    rng = np.random.default_rng([settings.seed, number, index])
    scene = build_room(rng, domain.room_type(index)[0], domain.public_building)
    mesh = compile_mesh(scene)
    rays = RayCaster(mesh)
    light = random_lighting(rng, scene.lights, domain.sensor.exposure_spread)
    scan = scan_scene(rng, scene, mesh, rays, light, domain.sensor, settings.points_per_room)
    to_file = scene_to_file_frame(rng, domain, scan.xyz)
    labelled = domain.name != 'scannet' or domain.split(index) != 'test'
    info = write_scene(root, domain, name, mesh.kinds, scan, to_file, labelled)
    if settings.frames_per_room:
        write_frames(
            rng,
            root / 'posed_images' / name,
            scene,
            mesh,
            rays,
            light,
            domain.sensor,
            to_file,
            settings.frames_per_room,
            settings.frame_size,
        )
    write_bytes(ticket, pickle.dumps({'stamp': stamp, 'info': info}))
    return info


def _check(
    domain: str,
    root: Path,
    num_rooms: int,
    points_per_room: int,
    frames_per_room: int,
    seed: int,
    workers: int,
    frame_size: tuple[int, int],
) -> None:
    if domain not in DOMAINS:
        raise ValueError(f'domain must be one of {", ".join(DOMAINS)}, got {domain!r}')
    if root.exists() and not root.is_dir():
        raise ValueError(f'out must be a folder, got the file {root}')
    least = {
        'num_rooms': (num_rooms, 1),
        'points_per_room': (points_per_room, LEAST_POINTS_PER_ROOM),
        'frames_per_room': (frames_per_room, 0),
        'seed': (seed, 0),
        'workers': (workers, 1),
        'frame_size': (min(frame_size), 16),
    }
    for name, (value, bound) in least.items():
        if value < bound:
            raise ValueError(f'{name} must be at least {bound}, got {value}')
