"""Raw downloads of the benchmarks made into the files that the datasets read."""

from .custom import prepare_custom
from .own_scenes import OwnFrame
from .preparation_run import Outcome, exit_status
from .s3dis import prepare_s3dis
from .scannet import prepare_scannet
from .structured3d import prepare_structured3d

__all__ = [
    'Outcome',
    'OwnFrame',
    'exit_status',
    'prepare_custom',
    'prepare_s3dis',
    'prepare_scannet',
    'prepare_structured3d',
]
