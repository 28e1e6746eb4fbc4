"""Whether training domains together harms them: learning curves of each domain alone and of all together.

The rate is constant and the weights are averaged over about the last tenth of a training, so that one
training is measured after any number of steps, which are counted for each domain.
"""

from functools import partial

from swin3d_mmdet3d.comparison import Arm, keep_condition

NETWORKS = dict(swin3d='ppt_swin3d-tiny_rooms.py', unet='ppt_sparse-unet-tiny_rooms.py')
CONDITIONS = ('Structured3D', 'ScanNet', 'S3DIS')
STEPS = tuple(300 * 2**doublings for doublings in range(6))
AVERAGE = dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=1e-5, gamma=10, update_buffers=True)


def hold_rate(config, iterations):
    """That many steps in all at a constant rate, with averaged weights."""
    config.train_cfg.max_iters = iterations
    config.param_scheduler = [config.rise]
    config.custom_hooks = [*config.custom_hooks, AVERAGE]


def train_together(config, norms, steps):
    """All domains in one network, with its steps for each of them."""
    config.model.norms = norms
    hold_rate(config, len(CONDITIONS) * steps)


def train_alone(config, condition, steps):
    """One domain in a network of its own."""
    keep_condition(config, condition)
    hold_rate(config, steps)


def merge_classes(config, steps):
    """All domains in one network with one classifier for the names of all."""
    train_together(config, 'shared', steps)
    class_names = config.model.model.decode_head.class_names
    config.model.model.decode_head = dict(type='UnionHead', in_channels=config.width, class_names=class_names)


FORMS = {f'single {name}': partial(train_alone, condition=name) for name in CONDITIONS}
FORMS |= {
    'joint': partial(train_together, norms='shared'),
    'union': merge_classes,
    'decoupled': partial(train_together, norms='decoupled'),
    'ppt': partial(train_together, norms='both'),
}
ARMS = [
    Arm(
        f'{network}, {form}, {steps} steps',
        config,
        partial(change, steps=steps),
        training=f'{network}-{form}',
    )
    for network, config in NETWORKS.items()
    for form, change in FORMS.items()
    for steps in STEPS
]
