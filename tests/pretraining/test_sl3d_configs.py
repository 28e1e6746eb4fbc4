"""SL3D's recipes: each learns from its own pipeline, and what its arms change."""

import copy

import pytest
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import beside_control, name, on_tiny_scenes, recipes_of
from shrunk_methods import build, first_batch, losses_of_training, shrink, write_rooms
from tiny_pretraining import largest_gradient

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators

OURS, SCANS, TINY_ROOMS = recipes_of('sl3d')


@pytest.mark.parametrize(
    'path', [pytest.param(path, marks=[pytest.mark.slow] * ('unet' in path.stem)) for path in SCANS], ids=name
)
def test_a_recipe_on_scans_labels_cells_and_learns_their_labels(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    seed_generators(0)
    model = MODELS.build(config.model)
    batch = pseudo_collate([dataset[0], dataset[min(1, len(dataset) - 1)]])
    assert not any('pts_semantic_mask' in view['per_point'] for view in batch['inputs']['views'])
    data = model.data_preprocessor(batch, training=True)
    model.train().assign_labels(*model.predict_cells(**data))
    losses = model(**data, mode='loss')
    losses['loss_cluster'].backward()
    assert losses['labelled_share'] == 1 and losses['loss_cluster'] > 0
    assert largest_gradient(model.backbone) > 0
    hooks = [hook['type'] for hook in config.custom_hooks]
    assert hooks.count('SelfLabelHook') == 1 and 'ExportHook' in hooks


def test_the_online_arm_differs_in_its_targets_and_in_the_two_crops_that_they_need():
    method, online = beside_control(TINY_ROOMS, 'online')
    assert online['model'].pop('targets')['type'] == 'OnlineLabels'
    method['model'].pop('targets')
    assert online['model'] == method['model']
    own = [hook for hook in method['custom_hooks'] if hook['type'] != 'SelfLabelHook']
    assert online['custom_hooks'] == own
    pipelines = [config['train_dataloader']['dataset']['pipeline'] for config in (method, online)]
    (crops,) = [step for step in pipelines[1] if step['type'] == 'MultiCrop']
    assert crops['num_global'] == 2
    whole = [step for step in pipelines[0] if step['type'] != 'SphereCrop']
    views = [
        inner
        for step in pipelines[1]
        for inner in (step['global_pipeline'] if step['type'] == 'MultiCrop' else [step])
    ]
    assert views == whole


@pytest.mark.slow
def test_the_online_arm_learns_of_cells_that_both_crops_have(tmp_path):
    path = TINY_ROOMS.with_name(f'{TINY_ROOMS.stem}_online.py')
    config = shrink(path, write_rooms(tmp_path))
    model, batch = build(config), first_batch(config)
    losses = model(**model.data_preprocessor(copy.deepcopy(batch), True), mode='loss')
    assert losses['labelled_share'] > 0.3
    history = losses_of_training(model, batch, 15)
    assert sum(history[-3:]) < 0.97 * sum(history[:3])
