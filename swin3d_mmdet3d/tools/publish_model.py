"""A checkpoint made fit to be given away: `python -m swin3d_mmdet3d.tools.publish_model CHECKPOINT OUT`.

Of a training's checkpoint the weights stay, and of its meta the class names, the config and the versions, as
plain values: the file loads without pickle and has the first eight digits of its SHA-256 in its name. OUT may
end in `.safetensors`; `--half` halves the file: matrices and kernels in float16, which load into any model.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger

from ..atomic_write import atomic_write
from ..help_only import HELP_ONLY
from ..pickle_trust import add_trust_option
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import swin3d_mmdet3d

    from ..checkpoints import read_checkpoint
    from ..checkpoints.safetensors_file import SAFETENSORS
    from ..checkpoints.writer import checkpoint_bytes
    from ..finite_values import check_finite_weights

PLAIN_META = (
    'cfg',
    'epoch',
    'iter',
    'seed',
    'time',
    'mmengine_version',
    'experiment_name',
    'method',
    'parts',
)
HASH_DIGITS = 8


def publish(source: str, target: str, config: str | None = None, half: bool = False) -> Path:
    """Write the slim file of a checkpoint.

    Args:
        source: The checkpoint.
        target: Path of the file without its hash, such as 'models/room-seg.pth'.
        config: Text of the config to put into the meta in place of the checkpoint's own.
        half: Round matrices and kernels to float16. Vectors stay: they are few, and the variances that norms
            keep may be beyond its 65504.

    Returns:
        The path with the hash, such as 'models/room-seg-1a2b3c4d.pth'.

    Raises:
        ValueError: When there is no such file, or weights are missing, NaN or infinite, or beyond float16
            where they are to be rounded to it.
    """
    weights, meta = read_checkpoint(source)
    check_finite_weights(weights, source)
    if half:
        weights = {
            name: w.half() if w.is_floating_point() and w.ndim > 1 else w for name, w in weights.items()
        }
        check_finite_weights(weights, f'{source} in float16')
    content = dict(
        meta=published_meta(meta, config),
        state_dict={name: weight.detach().cpu().contiguous().clone() for name, weight in weights.items()},
    )
    wanted = Path(target)
    ending = wanted.suffix if wanted.suffix in ('.pth', SAFETENSORS) else '.pth'
    stem = wanted.name[: -len(ending)] if wanted.suffix == ending else wanted.name
    data = checkpoint_bytes(content, ending)
    final = wanted.with_name(f'{stem}-{hashlib.sha256(data).hexdigest()[:HASH_DIGITS]}{ending}')
    with atomic_write(final) as part:
        part.write_bytes(data)
    return final


def published_meta(meta: Mapping[str, Any], config: str | None) -> dict[str, Any]:
    """What others need of a checkpoint's meta, as plain values: strings, numbers and lists of them."""
    kept = {key: _plain(meta[key]) for key in PLAIN_META if meta.get(key) is not None}
    known = meta.get('dataset_meta') or {}
    kept['dataset_meta'] = {key: _plain(known[key]) for key in ('classes', 'palette') if known.get(key)}
    if config is not None:
        kept['cfg'] = config
    kept['swin3d_mmdet3d_version'] = swin3d_mmdet3d.__version__
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, float, str)):
        return value
    return value.item() if hasattr(value, 'item') else str(value)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(description='Make a slim, hashed file of a checkpoint.')
    parser.add_argument('checkpoint', help='checkpoint of a training')
    parser.add_argument('out', help='file to write; the hash comes before its ending')
    parser.add_argument('--config', help='config file whose text goes into the meta')
    parser.add_argument(
        '--half', action='store_true', help='round matrices and kernels to float16, half the size'
    )
    add_trust_option(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Publish the checkpoint that the command line names."""
    args = parse_arguments(arguments)
    text = None if args.config is None else Path(args.config).read_text(encoding='utf-8')
    path = publish(args.checkpoint, args.out, text, args.half)
    MMLogger.get_current_instance().info(f'wrote {path}: {path.stat().st_size / 1e6:.1f} MB')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
