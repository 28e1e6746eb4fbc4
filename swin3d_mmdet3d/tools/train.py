"""Trains a config with the runner of mmengine: `python -m swin3d_mmdet3d.tools.train CONFIG`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import Config, DictAction

from ..help_only import HELP_ONLY
from ..pickle_trust import add_trust_option
from .command_line import CommandLine
from .mistakes import run_tool

if not HELP_ONLY:
    import torch
    from mmengine.device import get_device
    from mmengine.registry import VISBACKENDS

    from ..apis import find_config, restates_data_root, set_data_root
    from ..apis.config_files import read_config_file
    from ..apis.run_inputs import check_options, check_run_inputs
    from ..checkpoints import checked_checkpoints, load_strictly, read_checkpoint
    from ..engine.checkpoint_space import check_writable, naming_full_disk
    from ..engine.cpu_processes import start_cpu_processes
    from ..engine.wrapped_models import unwrapped

FROM_ENVIRONMENT = ('student', 'scenes')
"""Settings that configs take from variables of these names in capitals; other settings follow from them."""


class KeyValues(DictAction):
    """mmengine's ``KEY=VALUE`` options; words without a value and dicts, which it cannot read, are named."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Read the words."""
        for word in values:
            key, equals, value = word.partition('=')
            if not equals:
                parser.error(f'{option_string}: expected KEY=VALUE, got {word!r}')
            if 'dict(' in value or '{' in value:
                parser.error(
                    f'{option_string}: expected a number, a word or a list of them for {key}, got {value}; '
                    f'entries of a dict are options of their own, as in {key}.type=NAME'
                )
        super().__call__(parser, namespace, values, option_string)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing share."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints; default work_dirs/<config name>')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        help='settings that replace those of the config, as in train_cfg.max_epochs=2 key="[a,b]"',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    # torch.distributed.launch passes the rank under one name or the other, depending on its version.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by the launcher')
    add_trust_option(parser)


def load_config(args: argparse.Namespace) -> Config:
    """Read the config named by `args`; shared arguments go into it.

    A `data_root` among the options, or at the top of a config whose bases have another one, goes into all
    loaders.

    Raises:
        ValueError: There is no such config, an option is no key of it but nearly one, or its launcher did not
            start this process.
    """
    path = find_config(args.config)
    check_launcher(args.launcher)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    options = args.cfg_options or {}
    with environment({name.upper(): str(options[name]) for name in FROM_ENVIRONMENT if name in options}):
        cfg = read_config_file(path)
    cfg.launcher = args.launcher
    check_options(cfg.to_dict(), options)
    cfg.merge_from_dict(options)
    if 'data_root' in options or restates_data_root(path):
        set_data_root(cfg, cfg.data_root)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = os.path.join('work_dirs', path.stem)
    return cfg


def check_launcher(launcher: str) -> None:
    """Raise ValueError where PyTorch's launcher is named and has not started this process."""
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise ValueError(
            '--launcher pytorch: expected to be started by PyTorch, as `torchrun --nproc_per_node=GPUS -m '
            'swin3d_mmdet3d.tools.train CONFIG --launcher pytorch`; without it one process trains'
        )


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """The environment with `variables`, for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def build_runner(cfg: Config, *sections: str):
    """Build the runner that `cfg` describes; processes of a launcher without a GPU communicate by gloo.

    Raises:
        ValueError: One of the config's `sections` that the job needs is missing.
        OSError: The work folder cannot be written to.
    """
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    missing = [section for section in sections if cfg.get(section) is None]
    if missing:
        raise ValueError(
            f'config {cfg.filename} must define {", ".join(sections)}; missing: {", ".join(missing)}'
        )
    check_writable(cfg.work_dir)
    if cfg.get('launcher', 'none') != 'none' and get_device() == 'cpu':
        start_cpu_processes(cfg)
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line of training."""
    parser = CommandLine(description='Train a model.')
    parser.add_argument('config', help='config file, or the name of a config of this package')
    add_run_arguments(parser)
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (needs a GPU)')
    parser.add_argument(
        '--vis-backends',
        nargs='+',
        default=[],
        metavar='NAME',
        help='where else the curves go, as TensorboardVisBackend or WandbVisBackend of mmengine',
    )
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate to the batch size'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from this checkpoint, or, without a value, from the latest one in the work folder',
    )
    return parser.parse_args(arguments)


def enable_amp(cfg: Config) -> None:
    """Switch the optimizer wrapper to mixed precision.

    Raises:
        ValueError: The wrapper is neither OptimWrapper nor AmpOptimWrapper.
    """
    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if wrapper not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp needs optim_wrapper.type OptimWrapper or AmpOptimWrapper, got {wrapper}')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def add_vis_backends(cfg: Config, names: list[str]) -> None:
    """Let the visualizer write to these back-ends too.

    Raises:
        ValueError: Naming a back-end that there is not.
    """
    unknown = [name for name in names if VISBACKENDS.get(name) is None]
    if unknown:
        there = ', '.join(sorted(VISBACKENDS.module_dict))
        raise ValueError(f'--vis-backends: expected some of {there}, got {", ".join(unknown)}')
    visualizer = cfg.setdefault('visualizer', dict(type='Visualizer', vis_backends=[]))
    backends = visualizer.get('vis_backends') or [dict(type='LocalVisBackend')]
    visualizer.vis_backends = backends + [dict(type=name) for name in names]


def enable_auto_scale_lr(cfg: Config) -> None:
    """Switch learning-rate scaling on.

    Raises:
        ValueError: The config does not say for which batch size its learning rate is.
    """
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(f'--auto-scale-lr needs auto_scale_lr.base_batch_size in config {cfg.filename}')
    cfg.auto_scale_lr.enable = True


def main(arguments: list[str] | None = None) -> None:
    """Run the training that the command line describes."""
    args = parse_arguments(arguments)
    cfg = load_config(args)
    if args.amp:
        if not torch.cuda.is_available():
            raise ValueError(
                '--amp: expected a GPU, torch sees none; without --amp the CPU trains in float32'
            )
        enable_amp(cfg)
    if args.vis_backends:
        add_vis_backends(cfg, args.vis_backends)
    if args.auto_scale_lr:
        enable_auto_scale_lr(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    check_run_inputs(cfg, ('train_dataloader', 'val_dataloader'), starts_anew=True)
    with checked_checkpoints():
        runner = build_runner(cfg, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
        if args.resume not in (None, 'auto'):
            # The runner itself goes on with random weights where the checkpoint has none.
            load_strictly(unwrapped(runner.model), read_checkpoint(args.resume)[0], args.resume)
        with naming_full_disk(cfg.work_dir):
            runner.train()


if __name__ == '__main__':
    sys.exit(run_tool(main))
