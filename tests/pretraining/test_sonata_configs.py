"""The recipes of Sonata and Concerto: what arms change, when schedules end, scans from files."""

import copy

import pytest
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import RECIPES, name, on_tiny_scenes, recipe

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators

OURS = [path for path in RECIPES if path.parent.name in ('sonata', 'concerto')]
SCANS = [path for path in OURS if path.parent.name == 'sonata' and 'rooms' not in path.stem]


def as_dict(stem):
    (path,) = (path for path in OURS if path.stem == stem)
    return copy.deepcopy(recipe(path).to_dict())


@pytest.mark.parametrize('method', ['sonata', 'concerto'])
def test_the_control_differs_in_what_belongs_together_alone(method):
    control = as_dict(f'{method}_swin3d-tiny_rooms_shuffled')
    assert control['model']['matcher'].pop('shuffle') is True
    if method == 'concerto':
        assert control['model']['image'].pop('shuffle') is True
    assert control == as_dict(f'{method}_swin3d-tiny_rooms')


def test_the_arm_of_the_plain_head_differs_in_its_features_alone():
    plain, method = as_dict('sonata_swin3d-tiny_rooms_plain-head'), as_dict('sonata_swin3d-tiny_rooms')
    assert plain['model']['head'].pop('standardize') is False
    assert method['model']['head'].pop('standardize') is True
    assert plain == method


@pytest.mark.parametrize('path', OURS, ids=name)
def test_schedules_end_with_the_training_and_at_the_numbers_of_the_model(path):
    config = recipe(path)
    model = config.model
    numbers = {
        'masker.cell_size': model.masker.cell_size,
        'masker.ratio': model.masker.ratio,
        'criterion.teacher_temperature': model.criterion.teacher_temperature,
        'teacher.momentum': model.momentum,
    }
    hooks = [hook for hook in config.custom_hooks if hook.type == 'ValueScheduleHook']
    assert len({hook.target for hook in hooks}) == len(hooks) >= 2
    for hook in hooks:
        assert hook.end == config.train_cfg.max_iters
        assert hook.base == numbers[hook.target]


@pytest.mark.slow
@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_trains_on_crops_from_files(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    config.model.head.update(num_prototypes=16, hidden_channels=16, embed_channels=8)
    seed_generators(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    assert len(data['inputs']['views']) == 6
    losses = model(**data, mode='loss')
    terms = [value for key, value in losses.items() if 'loss' in key]
    assert len(terms) == 3 and all(bool(term.isfinite()) for term in terms)
    sum(terms).backward()
    assert model.token.grad.abs().max() > 0
    assert losses['pairs_per_sample'] > 20 and 0.1 < losses['hidden_share'] < 0.9
    assert not any('pts_semantic_mask' in view.per_point for view in data['inputs']['views'])
