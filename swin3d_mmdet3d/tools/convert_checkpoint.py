"""Convert checkpoints between the original Swin3D and this package.

``python -m swin3d_mmdet3d.tools.convert_checkpoint IN OUT`` reads files of microsoft/Swin3D, of its task
repository and of Pointcept's port; ``--to-official`` goes the other way. Files that end in
``.safetensors`` are read and written in that format.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from ..help_only import HELP_ONLY
from ..pickle_trust import add_trust_option
from .mistakes import run_tool

if not HELP_ONLY:
    from ..apis.inferencer import read_config
    from ..checkpoints import read_checkpoint
    from ..checkpoints.official_network import infer_official_arguments, official_model_cfg
    from ..checkpoints.official_weights import (
        ConversionReport,
        convert_official,
        convert_to_official,
        strip_prefixes,
    )
    from ..checkpoints.target_network import fit_to_config
    from ..checkpoints.weight_geometry import position_table_rows, resize_position_tables, swap_yz
    from ..checkpoints.writer import write_checkpoint

__all__ = ['convert_file', 'convert_official', 'convert_to_official', 'official_model_cfg']


def convert_file(
    source: str,
    target: str,
    to_official: bool = False,
    axes: str = 'keep',
    window_sizes: Sequence[int] | None = None,
    skip_stem: bool = False,
    min_encoder_share: float = 0.9,
    config: str | None = None,
) -> ConversionReport | None:
    """Convert the checkpoint ``source`` into the file ``target``.

    Args:
        source: A checkpoint file; weights under 'state_dict', 'model' or at the top, or safetensors.
        target: File to write, safetensors where it ends in .safetensors; nothing is written when anything
            fails.
        to_official: From this package to the original instead.
        axes: 'keep', 'swap-yz' (complete) or 'swap-yz-partial' (as the original detection code).
        window_sizes: Resize the position tables to these windows, one size a level.
        skip_stem: Leave out the stem, so that it is trained anew (the original's skip_first_conv).
        min_encoder_share: Least fraction of the encoder's weights that must match.
        config: Write only what fits the model of this config, and report what does not.

    Returns:
        The report, or None for ``to_official``.

    Raises:
        ValueError: If the file is missing, damaged, not trusted or no checkpoint, or holds NaN, infinity or
            too little of a Swin3D encoder.
        OSError: If the target cannot be written.
    """
    state_dict, _ = read_checkpoint(source)
    if to_official:
        write_checkpoint(target, {'state_dict': convert_to_official(state_dict)})
        return None
    weights = strip_prefixes(state_dict)
    if axes != 'keep':
        weights = swap_yz(weights, complete=axes == 'swap-yz')
    if window_sizes is not None:
        quant_size = infer_official_arguments(weights)['quant_size']
        rows = position_table_rows(weights, window_sizes, quant_size)
        weights = resize_position_tables(weights, rows)
    converted, report = convert_official(weights, min_encoder_share)
    if skip_stem:
        converted = {k: v for k, v in converted.items() if not k.startswith('backbone.stem_layer.')}
    if config is not None:
        converted, report = fit_to_config(converted, report, read_config(config))
    meta = dict(
        official_arguments=infer_official_arguments(weights),
        axes=axes,
        converted_from=Path(source).name,
    )
    write_checkpoint(target, {'state_dict': converted, 'meta': meta})
    return report


def report_table(report: ConversionReport) -> str:
    """The report as a table of weights, what became of them, and their shapes."""
    rows = [['weight', 'status', 'shape or reason']]
    for status, told in (
        ('matched', report.matched),
        ('dropped', report.dropped),
        ('missing', report.missing),
    ):
        rows += [[name, status, str(value)] for name, value in told.items()]
    return (
        f'{AsciiTable(rows).table}\n{len(report.matched)} matched, {len(report.dropped)} dropped, '
        f'{len(report.missing)} missing; {report.encoder_share:.1%} of the encoder'
    )


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint to read')
    parser.add_argument('target', help='checkpoint to write')
    parser.add_argument('--to-official', action='store_true', help='write names and layouts of the original')
    parser.add_argument(
        '--axes',
        choices=['keep', 'swap-yz', 'swap-yz-partial'],
        default='keep',
        help='exchange y and z: completely, or as far as the original detection code does',
    )
    parser.add_argument(
        '--window-sizes', type=int, nargs='+', help='resize the position tables to these windows'
    )
    parser.add_argument('--skip-stem', action='store_true', help='leave out the first convolution')
    parser.add_argument(
        '--min-encoder-share',
        type=float,
        default=0.9,
        help='least fraction of the encoder that must match',
    )
    parser.add_argument(
        '--config',
        help='write only what fits the model of this config, such as a detector, and tell the rest',
    )
    add_trust_option(parser)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert a file; returns the exit status."""
    args = parse_arguments(arguments)
    logger = MMLogger.get_instance('swin3d_mmdet3d')
    try:
        report = convert_file(**vars(args))
    except (ValueError, TypeError, OSError) as error:
        logger.error(f'{args.source}: {error}; nothing was written')
        return 1
    logger.info(f'wrote {args.target}' + ('' if report is None else f'\n{report_table(report)}'))
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
