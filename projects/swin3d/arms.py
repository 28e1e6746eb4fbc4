"""Few labelled rooms, from weights that many rooms of another domain taught and from random ones.

STUDENT in the environment names the `student.pth` of supervised_swin3d-tiny_many-rooms.
"""

from functools import partial

from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.comparison import Arm, Protocol, labelled_scenes, put_student, restrict_scenes

RECIPES = dict(
    segmentation='swin3d-tiny_rooms-seg_few.py',
    detection='tr3d_swin3d-tiny_rooms-s3dis-det_from-student.py',
)
ROOMS = (2, 1, 5, 10)
LONGER = 4


def few_rooms(config, task, rooms, pretrained, longer=1):
    """Train on that many labelled rooms, which the seed draws; without a student from random weights."""
    protocol = Protocol()
    if task == 'detection':
        set_iterations(config, protocol.detection_steps)
    if longer > 1:
        set_iterations(config, longer * config.train_cfg.max_iters)
    if not pretrained:
        put_student(config, None)
    restrict_scenes(config, labelled_scenes(protocol.rooms, rooms, config.randomness.seed))


def arm(task, rooms, pretrained):
    """One task, number of rooms and start."""
    name = f'{task}, {rooms} rooms, {"pretrained" if pretrained else "scratch"}'
    return Arm(name, RECIPES[task], partial(few_rooms, task=task, rooms=rooms, pretrained=pretrained))


ARMS = [arm(task, rooms, start) for rooms in ROOMS for task in RECIPES for start in (True, False)]
# whether what pretraining gains is but a start ahead
LONG = partial(few_rooms, task='segmentation', rooms=2, pretrained=False, longer=LONGER)
ARMS += [Arm(f'segmentation, 2 rooms, scratch, {LONGER} times the steps', RECIPES['segmentation'], LONG)]
