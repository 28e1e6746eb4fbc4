"""Generates a data set of labelled objects: the same bytes for the same options, in any number of workers."""

from __future__ import annotations

import functools
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mmengine.logging import print_log

from ..atomic_write import sweep_parts
from ..datasets.layout.modelnet40 import NAMES_FILE, cloud_path, write_cloud, write_lists
from ..datasets.layout.tickets import read_ticket, write_ticket
from ..one_of_many import each_of_many
from ..synthetic_rooms import generator_hash
from ..synthetic_rooms.shape_families import FAMILIES, ShapeGenerator
from .object_cloud import object_cloud
from .object_kinds import OBJECT_KINDS

RECIPE = 1  # raised when the same options no longer give the same objects
MIN_POINTS = 16
TICKETS = 'finished_objects'


@dataclass(frozen=True)
class ObjectOptions:
    """What decides the bytes of the objects.

    Attributes:
        train: Objects of each kind to train on.
        test: Objects of each kind to test on; their sizes are those that no object to train on has.
        points: Points of an object.
        cut: Least and largest share of an object that a plane takes away, in [0, 1).
        noise: Standard deviation of the points' noise, in radii of the unit sphere.
        seed: Not negative.

    Raises:
        ValueError: Naming the option that is out of range.
    """

    train: int = 40
    test: int = 10
    points: int = 2048
    cut: tuple[float, float] = (0.1, 0.4)
    noise: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        least = {'train': (self.train, 1), 'test': (self.test, 0), 'points': (self.points, MIN_POINTS)}
        least |= {'noise': (self.noise, 0), 'seed': (self.seed, 0)}
        for name, (value, bound) in least.items():
            if not value >= bound:
                raise ValueError(f'{name} must be at least {bound}, got {value}')
        low, high = self.cut
        if not 0 <= low <= high < 1:
            raise ValueError(f'cut must be two shares in [0, 1), the lower first, got {self.cut}')


def make_objects(
    out: str | os.PathLike, options: ObjectOptions | None = None, workers: int | None = None
) -> Path:
    """Write labelled clouds of all kinds of furniture in the layout of ModelNet40's text files.

    Objects that an earlier call finished with the same options and the same generator are kept. The lists of
    names, which make a data set of the files, are written when all objects are.

    Args:
        out: Folder of the data set; made if missing.
        options: Numbers of objects and points, cut, noise and seed.
        workers: Processes; all cores by default.

    Returns:
        The folder.

    Raises:
        ValueError: Naming the argument that is out of range, or if ``out`` is a file.
        RuntimeError: Naming the objects that could not be made, as on a full disk, when the others are.
    """
    options = options or ObjectOptions()
    workers = (os.cpu_count() or 1) if workers is None else workers
    root = Path(out)
    if root.exists() and not root.is_dir():
        raise ValueError(f'out must be a folder, got the file {root}')
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    _sweep(root)
    (root / NAMES_FILE).unlink(missing_ok=True)  # no data set until all objects are of these options
    count = options.train + options.test
    items = [(kind, number) for kind in OBJECT_KINDS for number in range(count)]
    task = functools.partial(make_object, options, root)
    attempts = each_of_many(task, items, lambda item: object_name(*item), workers)
    _sweep(root)  # of processes that were killed
    failures = [attempt.failure for attempt in attempts if attempt.failure]
    if failures:
        raise RuntimeError(
            f'{len(failures)} of {len(items)} objects failed, the others are kept: {"; ".join(failures)}'
        )
    splits = {
        'train': [object_name(kind, number) for kind, number in items if number < options.train],
        'test': [object_name(kind, number) for kind, number in items if number >= options.train],
    }
    write_lists(root, list(OBJECT_KINDS), splits)
    print_log(f'{len(items)} objects of {len(OBJECT_KINDS)} kinds are in {root}', 'current')
    return root


def make_object(options: ObjectOptions, root: Path, item: tuple[str, int]) -> str:
    """Write an object, kind and number, unless it is there already; return its name."""
    kind, number = item
    name = object_name(kind, number)
    ticket = root / TICKETS / f'{name}.json'
    stamp = {**asdict(options), 'recipe': RECIPE, 'name': name}
    stamp |= {'rooms': generator_hash(), 'objects': generator_hash(Path(__file__).parent)}
    if read_ticket(ticket, root, stamp) is not None:
        return name
    ticket.unlink(missing_ok=True)
    family = list(FAMILIES)[number % len(FAMILIES)]
    held_out = number >= options.train
    rng = ShapeGenerator([options.seed, list(OBJECT_KINDS).index(kind), number], family, held_out)
    model = OBJECT_KINDS[kind](rng)
    points = object_cloud(rng, model, options.points, rng.uniform(*options.cut), options.noise)
    write_cloud(root, name, points)
    write_ticket(ticket, root, stamp, [cloud_path(root, name)], {})
    return name


def object_name(kind: str, number: int) -> str:
    """Name of an object as ModelNet40 has it: ``night_stand_0001``, counted from 1."""
    return f'{kind}_{number + 1:04d}'


def _sweep(root: Path) -> None:
    for folder in ('.', TICKETS, *OBJECT_KINDS):
        sweep_parts(root / folder)
