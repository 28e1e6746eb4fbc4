"""Generates a data set of labelled rooms: the same bytes for the same seed, in any number of workers."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from mmengine.logging import print_log

from ..datasets.layout.frames import FRAMES_FOLDER
from ..datasets.layout.infos import write_info_file
from ..datasets.layout.scenes import sweep_layout, write_scene
from ..datasets.layout.tickets import read_ticket, write_ticket
from ..one_of_many import each_of_many
from .domains import DOMAINS
from .generator_hash import generator_hash
from .lighting import random_lighting
from .normal_faults import with_faults
from .ray_caster import RayCaster, note_backend
from .regions import random_region, whole_room
from .rgbd_frames import write_frames
from .room_files import indoor_scene, room_entry, scene_to_file_frame
from .room_programs import build_room
from .scanner import scan_scene
from .scene import compile_mesh
from .shape_families import ShapeGenerator

RECIPE = 3  # raised when the same settings no longer give the same rooms
MIN_POINTS_PER_ROOM = 1000
TICKETS = 'finished_rooms'


@dataclass(frozen=True)
class RoomSettings:
    """What decides the bytes of a room, besides its index."""

    domain: str
    points_per_room: int
    frames_per_room: int
    frame_size: tuple[int, int]
    seed: int
    recipe: int = RECIPE
    generator: str = field(default_factory=generator_hash)


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
    """Write labelled indoor rooms in the layout of a benchmark.

    Rooms that an earlier call finished with the same settings and the same generator are kept. The hash of
    the generator is in the `metainfo` of every info file.

    Args:
        domain: 's3dis', 'scannet' or 'structured3d'.
        out: Folder of the data set; made if missing.
        num_rooms: Number of rooms.
        points_per_room: Most points of a scan; one that the sensor takes denser is thinned evenly.
        frames_per_room: Posed RGB-D frames of each room; 0 for none.
        seed: Seed of all rooms, not negative.
        workers: Processes; all cores by default.
        frame_size: Width and height of the frames in pixels.

    Returns:
        The folder.

    Raises:
        ValueError: An argument is out of range, or `out` is a file.
        RuntimeError: Naming the rooms that could not be made, as on a full disk, when the others are.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    root = Path(out)
    _check(domain, root, num_rooms, points_per_room, frames_per_room, seed, workers, frame_size)
    note_backend()
    settings = RoomSettings(domain, points_per_room, frames_per_room, tuple(frame_size), seed)
    kind = DOMAINS[domain]
    sweep_layout(root, TICKETS)
    task = functools.partial(make_room, settings, root)
    rooms = each_of_many(task, range(num_rooms), lambda index: f'room {kind.scene_name(index)}', workers)
    sweep_layout(root, TICKETS)  # of processes that were killed
    failures = [room.failure for room in rooms if room.failure]
    if failures:
        raise RuntimeError(
            f'{len(failures)} of {num_rooms} rooms failed, the others are kept: {"; ".join(failures)}'
        )
    made_by = {'recipe': settings.recipe, 'generator': settings.generator}
    for split in kind.splits:
        own = [room.result for index, room in enumerate(rooms) if kind.split(index) == split]
        write_info_file(root, kind.name, split, kind.classes, own, made_by)
    print_log(f'{num_rooms} rooms of the domain {domain} are in {root}', 'current')
    return root


def make_room(settings: RoomSettings, root: Path, index: int) -> dict:
    """Write room `index` unless all its files are there already; return its entry of the info file."""
    domain = DOMAINS[settings.domain]
    name = domain.scene_name(index)
    ticket, frames = root / TICKETS / f'{name}.json', root / FRAMES_FOLDER / name
    stamp = {**asdict(settings), 'index': index}
    finished = read_ticket(ticket, root, stamp)
    if finished is not None:
        return finished
    ticket.unlink(missing_ok=True)
    shutil.rmtree(frames, ignore_errors=True)  # of another room, or of another number
    number, held_out = list(DOMAINS).index(settings.domain), domain.is_held_out(index)
    rng = ShapeGenerator([settings.seed, number, index], domain.family, held_out)
    scene = build_room(rng, domain.room_type(index)[0], domain.public_building)
    mesh = compile_mesh(scene)
    rays = RayCaster(mesh)
    light = random_lighting(rng, scene.lights, domain.sensor.color.spread)
    region = whole_room() if held_out else random_region(rng, scene)
    scan = scan_scene(rng, scene, mesh, rays, light, domain.sensor, settings.points_per_room, region)
    if not held_out:
        scan = replace(scan, normals=with_faults(rng, scan.normals, scan.xyz))
    to_file = scene_to_file_frame(rng, domain, scan.xyz, fragment=scan.region != 'whole')
    labelled = domain.name != 'scannet' or domain.split(index) != 'test'
    written = indoor_scene(domain, mesh, scan, to_file, labelled)
    files = write_scene(root, name, written)
    if settings.frames_per_room:
        files += write_frames(
            rng,
            frames,
            scene,
            mesh,
            rays,
            light,
            domain.sensor,
            scan.xyz,
            to_file,
            settings.frames_per_room,
            settings.frame_size,
        )
    return write_ticket(ticket, root, stamp, files, room_entry(name, written))


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
        'points_per_room': (points_per_room, MIN_POINTS_PER_ROOM),
        'frames_per_room': (frames_per_room, 0),
        'seed': (seed, 0),
        'workers': (workers, 1),
        'frame_size': (min(frame_size), 16),
    }
    for name, (value, bound) in least.items():
        if value < bound:
            raise ValueError(f'{name} must be at least {bound}, got {value}')
