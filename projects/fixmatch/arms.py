"""FixMatch against the labelled rooms alone, tested on the domain that has no labels.

All arms start where the labelled domain is learnt: STUDENT in the environment names the `student.pth` of
supervised_swin3d-tiny_many-rooms, which has seen 240 other rooms of that domain and none of the tested one.
"""

import os
from functools import partial

from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.comparison import Arm

CONFIG = 'fixmatch_swin3d-tiny_rooms.py'
LABELLED = 'fixmatch_swin3d-tiny_rooms_labelled.py'
LOGGED = ('confident_share', 'pseudo_accuracy')
STEPS = 450


def from_student(config, times=1):
    """Start from the student and train that many times the steps."""
    for part in ('backbone', 'neck'):
        config.model.model[part].init_cfg = dict(
            type='StrictPretrained', checkpoint=os.environ['STUDENT'], prefix=f'{part}.'
        )
    set_iterations(config, times * STEPS)


ARMS = [
    Arm('labelled', LABELLED, from_student),
    # whether the labelled rooms are trained to their plateau; it takes longer than FixMatch, too
    Arm('labelled, twice the steps', LABELLED, partial(from_student, times=2)),
    Arm('fixmatch', CONFIG, from_student, LOGGED),
    Arm('shuffled', 'fixmatch_swin3d-tiny_rooms_shuffled.py', from_student, LOGGED),
]
