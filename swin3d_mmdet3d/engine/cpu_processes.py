"""Several processes without a GPU: gloo between them, as mmengine has it between GPUs alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import init_dist, is_distributed
from mmengine.logging import print_log

BACKEND = 'gloo'


def start_cpu_processes(cfg: Config) -> None:
    """Let the processes of a launcher find each other, and the model be wrapped without a device.

    mmengine's ``init_dist`` chooses a GPU for the process whatever the backend is, and its runner names one
    to the model's wrapper. The group is made here, before the runner, which takes the one that it finds;
    ``env_cfg.dist_cfg.backend`` of the config, mostly 'nccl', gives way to gloo. ``model_wrapper_cfg`` is
    written into the config, with the ``find_unused_parameters`` that the runner's own would have; a strategy,
    such as :class:`ShardedStrategy`, wraps the model itself.

    Args:
        cfg: Config of a run with a ``launcher``; changed.
    """
    if not is_distributed():
        settings = dict((cfg.get('env_cfg') or {}).get('dist_cfg') or {})
        backend = settings.pop('backend', BACKEND)
        if backend != BACKEND:
            print_log(f'no GPU: processes communicate by {BACKEND} in place of {backend}', 'current')
        with _without_device_choice():
            init_dist(cfg.launcher, backend=BACKEND, **settings)
    if 'strategy' in cfg:
        return
    default = dict(type='MMDistributedDataParallel', broadcast_buffers=False)
    wrapper = cfg.get('model_wrapper_cfg') or ConfigDict(
        default, find_unused_parameters=cfg.get('find_unused_parameters', False)
    )
    cfg.model_wrapper_cfg = ConfigDict(wrapper, device_ids=None)


@contextmanager
def _without_device_choice() -> Iterator[None]:
    """Let ``torch.cuda.set_device`` do nothing for a while: without CUDA it has nothing to choose from."""
    choose = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        yield
    finally:
        torch.cuda.set_device = choose
