"""FixMatch against the labelled rooms alone, tested on the domain that has no labels."""

from swin3d_mmdet3d.apis import set_iterations
from swin3d_mmdet3d.comparison import Arm

CONFIG = 'fixmatch_swin3d-tiny_rooms.py'
LABELLED = 'fixmatch_swin3d-tiny_rooms_labelled.py'
LOGGED = ('confident_share', 'pseudo_accuracy')


def twice_the_steps(config):
    """Whether the labelled rooms are trained to their plateau; it takes longer than FixMatch, too."""
    set_iterations(config, 2 * config.train_cfg.max_iters)


ARMS = [
    Arm('labelled', LABELLED),
    Arm('labelled, twice the steps', LABELLED, twice_the_steps),
    Arm('fixmatch', CONFIG, logged=LOGGED),
    Arm('shuffled', 'fixmatch_swin3d-tiny_rooms_shuffled.py', logged=LOGGED),
]
