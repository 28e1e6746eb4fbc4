"""Every recipe builds its optimiser, schedules, hooks, loops and pipelines as the runner does."""

import inspect
from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from mmdet3d.registry import DATA_SAMPLERS, DATASETS, HOOKS, LOOPS, METRICS, MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from recipe_files import RECIPES, ROOT, name, recipe, without_weights
from torch.utils.data import DataLoader

import swin3d_mmdet3d  # noqa: F401

EPOCH_LENGTH = 20  # batches
pytestmark = pytest.mark.filterwarnings('ignore:Detected call of `scheduler.step')


def optimiser_of(config, model):
    settings = deepcopy(config.optim_wrapper)
    if settings.type == 'AmpOptimWrapper' and not torch.cuda.is_available():
        settings.type = 'OptimWrapper'  # the other one refuses to be built without a GPU
        settings.pop('loss_scale', None)
    return build_optim_wrapper(model, settings)


def runner_like(config, batches=EPOCH_LENGTH, devices=1):
    """What the runner's own methods read when they build schedules and scale rates."""
    return SimpleNamespace(
        _train_loop=config.train_cfg,
        _train_dataloader=config.get('train_dataloader'),
        train_dataloader=range(batches),
        max_epochs=config.train_cfg.get('max_epochs'),
        max_iters=config.train_cfg.get('max_iters'),
        world_size=devices,
        logger=MMLogger.get_current_instance(),
        param_schedulers=None,
    )


def schedules_of(config, optimiser, batches=EPOCH_LENGTH):
    return Runner._build_param_scheduler(runner_like(config, batches), config.param_scheduler, optimiser)


def pipeline_steps(value):
    """Every step of every pipeline in a config's value."""
    if isinstance(value, (list, tuple)):
        return [step for child in value for step in pipeline_steps(child)]
    if not isinstance(value, dict):
        return []
    own = [step for key, steps in value.items() if key.endswith('pipeline') for step in steps]
    return own + [step for child in value.values() for step in pipeline_steps(child)]


def keys(value):
    if isinstance(value, dict):
        return set(value) | {key for child in value.values() for key in keys(child)}
    return {key for child in value for key in keys(child)} if isinstance(value, (list, tuple)) else set()


def one_weight_each():
    """A model of one weight in each group that recipes tell apart."""
    layer = torch.nn.Module()
    layer.blocks = torch.nn.ModuleList([torch.nn.Linear(1, 1, bias=False)])
    layer.modulation = torch.nn.ModuleList([torch.nn.Linear(1, 1, bias=False)])
    layer.stem = torch.nn.Linear(1, 1, bias=False)
    return torch.nn.ModuleDict(dict(backbone=layer))


def check_settings(config, model):
    optimiser = optimiser_of(config, model)
    schedules = schedules_of(config, optimiser)
    for _ in range(3):
        optimiser.optimizer.step()
        for schedule in schedules:
            schedule.step()
    assert all(0 <= group['lr'] < 1 for group in optimiser.param_groups)


@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_a_recipe_builds_down_to_its_schedules_and_hooks(path):
    config = recipe(path)
    assert '_delete_' not in keys(config.to_dict())  # mmengine leaves it inside the elements of a list
    check_settings(config, one_weight_each())
    for hook in [*config.default_hooks.values(), *config.get('custom_hooks', [])]:
        HOOKS.build(hook)
    for loop in (config.get(key) for key in ('train_cfg', 'val_cfg', 'test_cfg')):
        if loop is not None:
            arguments = {key: value for key, value in loop.items() if key != 'type'}
            inspect.signature(LOOPS.get(loop.type)).bind_partial(**arguments)
    for evaluator in (config.get(key) for key in ('val_evaluator', 'test_evaluator')):
        if evaluator is not None:
            METRICS.build(evaluator)


def parts(value):
    """Every dict with a type in a config's value, outermost first."""
    if isinstance(value, (list, tuple)):
        return [part for child in value for part in parts(child)]
    if not isinstance(value, dict):
        return []
    return ([value] if 'type' in value else []) + [part for child in value.values() for part in parts(child)]


def check_arguments(settings, registry, *given):
    """The registered class takes the arguments that a config names; `given` ones come from the runner."""
    built = registry.get(settings['type'])
    assert built is not None, settings['type']
    arguments = {key: value for key, value in settings.items() if key != 'type'}
    inspect.signature(built).bind_partial(*given, **arguments)


@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_loaders_of_a_recipe_name_classes_that_take_their_arguments(path):
    config = recipe(path).to_dict()
    for loader in (config.get(f'{split}_dataloader') for split in ('train', 'val', 'test')):
        if loader is None:
            continue
        for settings in parts(loader['dataset']):
            if DATASETS.get(settings['type']) is not None:
                check_arguments(settings, DATASETS)
            else:
                assert TRANSFORMS.get(settings['type']) is not None, settings['type']
        check_arguments(loader['sampler'], DATA_SAMPLERS, [])
        if 'batch_sampler' in loader:
            check_arguments(loader['batch_sampler'], DATA_SAMPLERS, [], loader['batch_size'])
        known = {'dataset', 'sampler', 'batch_sampler', 'collate_fn'}
        inspect.signature(DataLoader).bind_partial(**{k: v for k, v in loader.items() if k not in known})
    if config.get('tta_model'):
        check_arguments(config['tta_model'], MODELS)


@pytest.mark.slow
@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_a_recipe_builds_its_own_model_and_the_optimiser_of_its_weights(path):
    config = recipe(path)
    with torch.device('meta'):
        model = MODELS.build(without_weights(config.model.to_dict()))
    check_settings(config, model)


def test_every_transform_of_every_pipeline_builds():
    steps = {str(step): step for path in RECIPES for step in pipeline_steps(recipe(path).to_dict())}
    assert len(steps) > 50
    for step in steps.values():
        TRANSFORMS.build(deepcopy(step))


@pytest.mark.parametrize(
    'schedule, peaks, final, momentum',
    [
        ('adamw-onecycle_100e', {'blocks': 0.0008, 'modulation': 0.008, 'stem': 0.008}, 1e3, 'betas'),
        ('sgd-onecycle_100e', {'blocks': 0.05, 'modulation': 0.05, 'stem': 0.05}, 1e4, 'momentum'),
    ],
)
def test_one_cycle_is_that_of_torch_with_the_rates_of_pointcept(schedule, peaks, final, momentum):
    config = Config.fromfile(ROOT / f'configs/_base_/schedules/{schedule}.py')
    model, batches = one_weight_each(), 12
    optimiser = optimiser_of(config, model).optimizer
    own = schedules_of(config, optimiser, batches)
    peak = [next(rate for part, rate in peaks.items() if part in n) for n, _ in model.named_parameters()]
    reference = type(optimiser)([dict(params=[w]) for w in model.parameters()], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        reference, peak, total_steps=100 * batches, pct_start=0.05, div_factor=10.0, final_div_factor=final
    )
    for step in range(100 * batches - 1):
        if step % 97 == 0 or step < 6 * batches:
            for group, expected, rate in zip(optimiser.param_groups, reference.param_groups, peak):
                # the two turn one step apart
                assert group['lr'] == pytest.approx(expected['lr'], abs=0.03 * rate)
                torch.testing.assert_close(group[momentum], expected[momentum], rtol=0, atol=3e-3)
        for part in (reference, optimiser, cycle, *own):
            part.step()
    for group, rate in zip(optimiser.param_groups, peak):
        assert group['lr'] == pytest.approx(rate / 10 / final, rel=0.3)
