"""Writes posed RGB-D frames out of recordings: `python -m swin3d_mmdet3d.tools.prepare_rgbd_frames`."""

from __future__ import annotations

import argparse
import functools
import sys
from collections import Counter
from pathlib import Path

from mmengine.logging import MMLogger
from mmengine.utils import track_parallel_progress, track_progress

from swin3d_mmdet3d.datasets.frame_files import frame_names
from swin3d_mmdet3d.preparation.posed_images import UP_AXES, prepare_recording


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description='Write every n-th frame of RGB-D recordings.')
    parser.add_argument(
        'sources',
        nargs='+',
        help='.sens streams, folders with color/, depth/ and poses, or folders that hold such streams',
    )
    parser.add_argument(
        '--out',
        required=True,
        help='data root; frames go to <out>/posed_images/<scene>; a scene that is there is kept',
    )
    parser.add_argument('--every', type=int, default=25, help='use every n-th frame')
    parser.add_argument('--up', choices=sorted(UP_AXES), default='z', help='axis that points up in the poses')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    return parser.parse_args(arguments)


def recordings(sources: list[str]) -> list[Path]:
    """The recordings that the sources name.

    Raises:
        ValueError: A source is missing, or two recordings have one name.
    """
    found: list[Path] = []
    for source in map(Path, sources):
        if not source.exists():
            raise ValueError(f'source {source} is missing')
        streams = sorted([*source.glob('*.sens'), *source.glob('*/*.sens')])
        found += streams if source.is_dir() and streams else [source]
    twice = [name for name, count in Counter(path.stem for path in found).items() if count > 1]
    if twice:
        raise ValueError(f'sources must have distinct names, got {twice} more than once')
    return found


def prepare(root: Path, every: int, up: str, source: Path) -> tuple[Path, Counter | str]:
    """Prepare one recording unless it is there; its counts, or why it could not be read."""
    folder = root / 'posed_images' / source.stem
    if folder.is_dir():
        return source, Counter(frames=len(frame_names(folder)[0]))
    try:
        return source, prepare_recording(source, folder, every, up)
    except ValueError as error:
        return source, str(error)


def main(arguments: list[str] | None = None) -> int:
    """Prepares all recordings; returns the exit status, 1 where one could not be read."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('prepare_rgbd_frames')
    task = functools.partial(prepare, Path(args.out), args.every, args.up)
    sources = recordings(args.sources)
    if args.workers > 1:
        results = track_parallel_progress(task, sources, args.workers, keep_order=True)
    else:
        results = track_progress(task, sources)
    total: Counter = Counter()
    broken = [(source, outcome) for source, outcome in results if isinstance(outcome, str)]
    for _, outcome in results:
        total.update({} if isinstance(outcome, str) else outcome)
    for source, reason in broken:
        logger.error(f'{source}: {reason}')
    whole = len(results) - len(broken)
    skipped = ', '.join(f'{count} without {what}' for what, count in total.items() if what != 'frames')
    logger.info(f'{total["frames"]} frames of {whole} recordings written; skipped: {skipped or "none"}')
    return int(bool(broken))


if __name__ == '__main__':
    sys.exit(main())
