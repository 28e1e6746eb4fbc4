"""PPT on three generated domains, with further prompts, with shared norms, and a network for each domain."""

from functools import partial

from swin3d_mmdet3d.comparison import Arm, keep_condition

CONFIG = 'ppt_swin3d-tiny_rooms.py'
STEM_TABLES = 'ppt_swin3d-tiny_rooms_stem-tables.py'
CONDITIONS = ('Structured3D', 'ScanNet', 'S3DIS')


def share_norms(config):
    """Naive joint training."""
    config.model.norms = 'shared'


ARMS = [Arm('ppt', CONFIG), Arm('stem and tables', STEM_TABLES), Arm('joint', CONFIG, share_norms)]
ARMS += [Arm(f'single {name}', CONFIG, partial(keep_condition, condition=name)) for name in CONDITIONS]
