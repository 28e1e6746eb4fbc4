"""What a bug report needs to know of a machine: `python -m swin3d_mmdet3d.tools.collect_env`.

Versions of Python, torch and the OpenMMLab packages, the GPUs, and for each op the back-ends that can run
here, with the reason of those that cannot.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import PackageNotFoundError, version

from ..help_only import HELP_ONLY
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmengine.utils.dl_utils import collect_env as collect_torch
    from swin3d_ops import available_backends
    from swin3d_ops.op import declared

    import swin3d_mmdet3d

PACKAGES = (
    'mmengine',
    'mmcv',
    'mmdet',
    'mmdet3d',
    'numpy',
    'spconv-cu120',
    'spconv-cu126',
    'laspy',
    'tensorboard',
    'openmim',
)
LONG = ('PyTorch compiling details',)


def collect() -> dict[str, str]:
    """Name -> what there is, in the order in which it is told."""
    found = {name: str(value) for name, value in collect_torch().items() if name not in LONG}
    found['threads'] = str(torch.get_num_threads())
    found.update({name: _version(name) for name in PACKAGES})
    found['swin3d_mmdet3d'] = f'{swin3d_mmdet3d.__version__} in {swin3d_mmdet3d.__path__[0]}'
    for op in declared():
        for name, reason in available_backends(op).items():
            found[f'{op}: {name}'] = 'can run' if reason is None else f'cannot run: {reason}'
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return 'not installed'


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = CommandLine(description='Print what a bug report needs to know of this machine.')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Print it, a line each."""
    parse_arguments(arguments)
    sys.stdout.write(''.join(f'{name}: {value}\n' for name, value in collect().items()))
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
