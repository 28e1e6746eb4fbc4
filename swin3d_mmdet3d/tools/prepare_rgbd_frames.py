"""Writes posed RGB-D frames out of recordings: `python -m swin3d_mmdet3d.tools.prepare_rgbd_frames`."""

from __future__ import annotations

import argparse
import functools
import sys
from collections import Counter
from pathlib import Path

from mmengine.logging import MMLogger

from ..atomic_write import sweep_parts
from ..help_only import HELP_ONLY
from ..one_of_many import each_of_many
from .command_line import CommandLine, OneOf
from .mistakes import run_tool

if not HELP_ONLY:
    from ..datasets.layout.frames import FRAMES_FOLDER, frame_names
    from ..preparation.posed_images import prepare_recording


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(description='Write every n-th frame of RGB-D recordings.')
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
    parser.add_argument(
        '--up',
        type=OneOf('preparation.posed_images', 'UP_AXES'),
        default='z',
        metavar='AXIS',
        help='axis that points up in the poses: z, y or -y',
    )
    parser.add_argument('--workers', type=int, default=1, help='processes')
    args = parser.parse_args(arguments)
    for name, value in dict(every=args.every, workers=args.workers).items():
        if value < 1:
            parser.error(f'--{name}: expected at least 1, got {value}')
    return args


def recordings(sources: list[str]) -> list[Path]:
    """The recordings that the sources name.

    Raises:
        ValueError: Two recordings have one name.
    """
    found: list[Path] = []
    for source in map(Path, sources):
        streams = sorted([*source.glob('*.sens'), *source.glob('*/*.sens')]) if source.is_dir() else []
        found += streams or [source]
    twice = [name for name, count in Counter(path.stem for path in found).items() if count > 1]
    if twice:
        raise ValueError(f'sources must have distinct names, got {twice} more than once')
    return found


def prepare(root: Path, every: int, up: str, source: Path) -> Counter:
    """Prepare one recording unless it is there; its counts.

    Raises:
        ValueError: Naming source, file or frame, if it is missing or something is broken.
    """
    folder = root / FRAMES_FOLDER / source.stem
    if folder.is_dir():
        return Counter(frames=len(frame_names(folder)[0]))
    if not source.exists():
        raise ValueError(f'source {source} is missing')
    return prepare_recording(source, folder, every, up)


def main(arguments: list[str] | None = None) -> int:
    """Prepare all recordings; return the exit status, 1 where one could not be read."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('prepare_rgbd_frames')
    root = Path(args.out)
    sweep_parts(root / FRAMES_FOLDER)
    try:
        sources = recordings(args.sources)
    except (ValueError, OSError) as error:
        logger.error(str(error))
        return 1
    task = functools.partial(prepare, root, args.every, args.up)
    attempts = each_of_many(task, sources, str, args.workers)
    sweep_parts(root / FRAMES_FOLDER)  # of processes that were killed
    broken = [attempt for attempt in attempts if attempt.failure]
    total: Counter = Counter()
    for attempt in attempts:
        total.update(attempt.result or {})
    for attempt in broken:
        logger.error(attempt.failure)
    whole = len(attempts) - len(broken)
    skipped = ', '.join(f'{count} without {what}' for what, count in total.items() if what != 'frames')
    logger.info(f'{total["frames"]} frames of {whole} recordings written; skipped: {skipped or "none"}')
    return int(bool(broken))


if __name__ == '__main__':
    sys.exit(run_tool(main))
