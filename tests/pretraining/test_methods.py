"""What every registered pretraining method must do, by its recipe for generated rooms.

A method's own tests are about its formula alone.
"""

import copy

import pytest
import torch
from kernels_on_cpu import rule_of_gpus
from mmdet3d.registry import MODELS
from mmengine.model import BaseModule
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from recipe_files import recipe
from shrunk_methods import (
    ROOMS,
    WIDTH,
    almost_empty,
    answers_of,
    build,
    first_batch,
    loss_of,
    losses_of_training,
    samples_of,
    shrink,
    shuffle_teachers,
    student_of,
    with_shuffled_targets,
    write_rooms,
)

from swin3d_mmdet3d.checkpoints import load_strictly
from swin3d_mmdet3d.pretraining.teachers import FrozenTeacher, MomentumTeacher

STEPS = 30
SLOW = {'concerto'}  # those of another method and more
# above two and a half seconds; what is left has every kind of batch, head and teacher
SLOW_TO_LEARN = SLOW | {
    'c2p',
    'dpco',
    'fixmatch',
    'four_d_contrast',
    'iae',
    'masked_scene_contrast',
    'mm_3dscene',
}
SLOW_TO_LEARN |= {'ponder', 'pri3d', 'simipu', 'sonata', 'spnet', 'two_dpass'}
SLOW_TO_RESUME = SLOW | {'four_d_contrast', 'ponder', 'spnet'}


def recipes(slow):
    """The recipes for generated rooms, those of the named methods marked slow."""
    return [pytest.param(path, marks=[pytest.mark.slow] * (path.parent.name in slow)) for path in ROOMS]


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    return write_rooms(tmp_path_factory.mktemp('rooms'))


@pytest.fixture(scope='module', params=recipes(SLOW), ids=lambda path: path.stem)
def config(request, rooms):
    return shrink(request.param, rooms)


@pytest.fixture(scope='module')
def batch(config):
    return first_batch(config)


def types_in(settings):
    """The registered names anywhere in a config."""
    if isinstance(settings, (list, tuple)):
        return set().union(*map(types_in, settings))
    if not isinstance(settings, dict):
        return set()
    return {settings.get('type')} | set().union(*map(types_in, settings.values()))


def test_every_method_and_every_objective_has_a_recipe_for_generated_rooms():
    folders = tuple(f'swin3d_mmdet3d.pretraining.{folder}.' for folder in ('methods', 'objectives'))
    methods = {
        name
        for name, kind in MODELS.module_dict.items()
        if kind.__module__.startswith(folders) and issubclass(kind, BaseModule)
    }
    assert {'PPKT', 'PPT', 'TwoDPASS'} <= methods
    names = {path.stem for path in ROOMS}
    assert all(f'{path.parent.name}_swin3d-tiny_rooms' in names for path in ROOMS)
    arms = [path for folder in {path.parent for path in ROOMS} for path in folder.glob('*_rooms*.py')]
    assert methods == methods & set().union(*(types_in(recipe(path).model) for path in arms))


def trained(config, batch, steps=STEPS, shuffled=False):
    """A model after some steps on one batch, and its mean loss over the last five."""
    model = build(config)
    if shuffled:
        shuffle_teachers(model)
    return model, sum(losses_of_training(model, batch, steps)[-5:]) / 5


def test_loss_is_finite_and_its_gradient_reaches_the_stem(config, batch):
    model = build(config)
    loss = loss_of(model, batch)
    loss.backward()
    stems = 'backbone.stem', 'image.backbone.first'  # of a student, or of an image network without one
    first = next(stem for stem in stems if any(stem in name for name, _ in model.named_parameters()))
    grads = [w.grad for name, w in model.named_parameters() if first in name and w.grad is not None]
    assert bool(loss.isfinite()) and loss > 0
    assert max(float(grad.abs().max()) for grad in grads) > 0
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)


@pytest.mark.parametrize('config', recipes(SLOW_TO_LEARN), ids=lambda path: path.stem, indirect=True)
def test_a_batch_is_learnt_and_the_same_with_shuffled_targets_less_well(config, batch):
    _, own = trained(config, batch)
    _, shuffled = trained(config, with_shuffled_targets(batch), shuffled=True)
    assert own < shuffled, 'no better than with targets in random order: shuffle_teachers must shuffle them'
    assert own < loss_of(build(config), batch).item()


def test_mixed_precision_as_on_a_gpu_has_nearly_the_loss_and_finite_gradients(config, batch):
    expected = loss_of(build(config), batch).item()
    model = build(config)
    with rule_of_gpus(), torch.autocast('cpu', torch.bfloat16):
        loss = loss_of(model, batch)
    loss.backward()
    assert loss.item() == pytest.approx(expected, rel=0.1)
    grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(bool(grad.isfinite().all()) for grad in grads)


def test_the_optimiser_of_the_recipe_leaves_teachers_alone(config, batch):
    model = build(config)
    teachers = [part for part in model.modules() if isinstance(part, (FrozenTeacher, MomentumTeacher))]
    if not teachers:
        pytest.skip('a method without a teacher')
    before = [copy.deepcopy(teacher.state_dict()) for teacher in teachers]
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    for _ in range(2):
        model.train()
        wrapper.update_params(loss_of(model, batch))
    for teacher, weights in zip(teachers, before):
        assert not any(module.training for module in teacher.modules())
        assert all(torch.equal(weight, weights[name]) for name, weight in teacher.state_dict().items())
        assert all(weight.grad is None for weight in teacher.parameters())


def run(config, folder, iters, **changes):
    """The weights that the recipe's own runner ends with, out of its checkpoint."""
    config = copy.deepcopy(config)
    config.merge_from_dict(changes)
    config.train_cfg.max_iters = iters
    config.default_hooks.checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=2)
    config.work_dir = str(folder)
    config.experiment_name = f'{folder.parent.name}-{folder.name}-{iters}'
    Runner.from_cfg(config).train()
    return torch.load(folder / f'iter_{iters}.pth', weights_only=True)['state_dict']


@pytest.mark.parametrize('config', recipes(SLOW_TO_RESUME), ids=lambda path: path.stem, indirect=True)
def test_a_resumed_training_is_the_uninterrupted_one_and_its_student_loads_strictly(config, batch, tmp_path):
    through = run(config, tmp_path / 'through', 5)
    run(config, tmp_path / 'resumed', 2)
    resumed = run(config, tmp_path / 'resumed', 5, resume=True)
    assert through.keys() == resumed.keys()
    different = [name for name, weight in through.items() if not torch.equal(weight, resumed[name])]
    assert not different
    assert not any('teacher.backbone.' in name for name in through)  # of frozen teachers
    if (tmp_path / 'through' / 'model.pth').is_file():  # an auxiliary objective leaves a plain model
        content = torch.load(tmp_path / 'through' / 'model.pth', weights_only=True)
        plain = MODELS.build(config.model.model)
        load_strictly(plain, content['state_dict'], 'model.pth')
        beside = MODELS.build(config.model)
        beside.load_state_dict(through)
        views, data_samples = samples_of(batch)
        points = dict(inputs=dict(points=views[0]['points']), data_samples=data_samples)
        for data in (points,) if 'views' in batch['inputs'] else (batch, points):
            for mine, expected in zip(answers_of(beside, data), answers_of(plain, points)):
                assert len(expected) and torch.equal(mine, expected)
        return
    if (tmp_path / 'through' / 'image.pth').is_file():
        content = torch.load(tmp_path / 'through' / 'image.pth', weights_only=True)['state_dict']
        own = {name[len('image.') :]: w for name, w in content.items() if name.startswith('image.')}
        load_strictly(MODELS.build(config.model.image), own, 'image.pth')
        if 'backbone' not in config.model:
            return
    assert_loads_strictly(config, tmp_path / 'through' / 'student.pth', tmp_path / 'resumed' / 'student.pth')


def assert_loads_strictly(config, *files):
    """Each student loads into what it is for, a segmentor and a detector or a classifier, and all are one."""
    backbone, neck = student_of(config)
    of_objects = backbone.type == 'TokenTransformer'
    for build_model in (classifier,) if of_objects else (segmentor, detector):
        found = []
        for file in files:
            init = [
                dict(type='StrictPretrained', checkpoint=str(file), prefix=f'{part}.')
                for part in ('backbone', 'neck')
            ]
            encoder = dict(backbone, init_cfg=init[0])
            decoder = None if neck is None else dict(neck, init_cfg=init[1])
            model = build_model(encoder, decoder)
            model.init_weights()
            found.append(
                {name: w for name, w in model.state_dict().items() if name.startswith(('backbone.', 'neck.'))}
            )
        weights = torch.load(files[0], weights_only=True)['state_dict']
        assert all(torch.equal(weight, weights[name]) for name, weight in found[0].items())
        assert all(torch.equal(weight, found[1][name]) for name, weight in found[0].items())


def segmentor(encoder, decoder):
    preprocessor = dict(type='VoxelPreprocessor', voxel_size=0.1)
    head = dict(type='VoxelSegHead', in_channels=WIDTH, num_classes=5)
    parts = dict(backbone=encoder, neck=decoder, decode_head=head)
    return MODELS.build(dict(type='VoxelSegmentor', data_preprocessor=preprocessor, **parts))


def classifier(encoder, decoder):
    return MODELS.build(dict(type='ObjectClassifier', backbone=encoder, num_classes=5))


def detector(encoder, decoder):
    head = dict(
        type='SparseFCAF3DHead',
        num_classes=3,
        in_channels=[WIDTH, WIDTH],
        out_channels=8,
        pts_prune_threshold=100,
        pts_assign_threshold=9,
        pts_center_threshold=6,
    )
    preprocessor = dict(type='VoxelPreprocessor', voxel_size=0.1)
    encoder = dict(encoder, out_indices=(1, 2))
    return MODELS.build(
        dict(type='VoxelDetector', data_preprocessor=preprocessor, backbone=encoder, bbox_head=head)
    )


@pytest.mark.parametrize('change', [None, almost_empty], ids=['one sample', 'one point a sample'])
def test_the_smallest_batches_have_a_loss_and_gradients_that_are_finite(config, batch, change):
    small = first_batch(config, samples=1) if change is None else change(batch)
    model = build(config)
    loss = loss_of(model, small)
    loss.backward()
    assert bool(loss.isfinite())
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)
