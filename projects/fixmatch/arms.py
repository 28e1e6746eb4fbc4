"""FixMatch against the labelled rooms alone, tested on the domain that has no labels.

STUDENT in the environment names the `student.pth` of supervised_swin3d-tiny_many-rooms, which has seen 240
other rooms of the labelled domain and none of the tested one. The arm `labelled` starts from it; all others
go on from what that one ends with, so that pseudo-labels come from a network that has learnt its classes.
"""

import os
from functools import partial
from pathlib import Path

from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.comparison import Arm

CONFIG = 'fixmatch_swin3d-tiny_rooms.py'
AVERAGE = 'fixmatch_swin3d-tiny_rooms_average.py'
LABELLED = 'fixmatch_swin3d-tiny_rooms_labelled.py'
LOGGED = ('confident_share', 'pseudo_accuracy')
STEPS = 450
FIRST = 'labelled'


def from_student(config):
    """Start encoder and decoder from the student."""
    for part in ('backbone', 'neck'):
        config.model.model[part].init_cfg = dict(
            type='StrictPretrained', checkpoint=os.environ['STUDENT'], prefix=f'{part}.'
        )
    set_iterations(config, STEPS)


def go_on(config, shuffle=False):
    """Start from the segmentor that the first arm of the seed has trained."""
    config.model.shuffle = shuffle
    segmentor = Path(config.work_dir).parent / FIRST / 'model.pth'
    config.model.model.init_cfg = dict(type='StrictPretrained', checkpoint=str(segmentor))
    set_iterations(config, STEPS)


ARMS = [
    Arm(FIRST, LABELLED, from_student),
    Arm('labelled on', LABELLED, go_on),
    Arm('fixmatch', CONFIG, go_on, LOGGED),
    Arm('average', AVERAGE, go_on, LOGGED),
    Arm('average, shuffled', AVERAGE, partial(go_on, shuffle=True), LOGGED),
]
