"""PPT on three generated domains against one network with shared norms and against a network a domain."""

from functools import partial

from swin3d_mmdet3d.comparison import Arm, keep_condition

CONFIG = 'ppt_swin3d-tiny_rooms.py'
CONDITIONS = ('Structured3D', 'ScanNet', 'S3DIS')


def share_norms(config):
    """Naive joint training."""
    config.model.norms = 'shared'


ARMS = [Arm('ppt', CONFIG), Arm('joint', CONFIG, share_norms)]
ARMS += [Arm(f'single {name}', CONFIG, partial(keep_condition, condition=name)) for name in CONDITIONS]
