"""Prepared scenes and their tickets: which scenes an earlier run has finished, and with which settings."""

from __future__ import annotations

from pathlib import Path

from ..datasets.layout.scenes import IndoorScene, remove_scene, write_scene
from ..datasets.layout.tickets import read_ticket, write_ticket

RECIPE = 1  # raised when the same raw files no longer give the same prepared ones
TICKETS = 'prepared_scenes'


def finish_scene(root: Path, name: str, scene: IndoorScene, settings: dict) -> None:
    """Write the files of a scene, then the ticket that calls it finished.

    Args:
        root: Folder of the data set.
        name: The scene's name, that of its files.
        scene: What is written.
        settings: What decides the arrays besides the raw files; JSON types.
    """
    written = write_scene(root, name, scene)
    told = {'info': scene.entry(name), 'num_points': len(scene.points), 'notes': list(scene.notes)}
    try:
        write_ticket(_ticket_path(root, name), root, _stamp(settings), written, told)
    except BaseException:
        remove_scene(root, name)
        raise


def finished_scene(root: Path, name: str, settings: dict) -> dict | None:
    """What is told of a scene that was written with these settings and is still whole, else None.

    `info` is the entry of the info file; `num_points` and `notes` are those of :class:`Outcome`.
    """
    return read_ticket(_ticket_path(root, name), root, _stamp(settings))


def forget_scene(root: Path, name: str) -> None:
    """Remove every file of a scene that is not finished, ticket first."""
    _ticket_path(root, name).unlink(missing_ok=True)
    remove_scene(root, name)


def _stamp(settings: dict) -> dict:
    return {**settings, 'recipe': RECIPE}


def _ticket_path(root: Path, name: str) -> Path:
    return root / TICKETS / f'{name}.json'
