"""The recipes of MD: the control, widths, and their students on hand-made scenes."""

import copy

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import RECIPES, name, recipe
from tiny_scenes import write_tiny_s3dis, write_tiny_scannet

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators

OURS = [path for path in RECIPES if path.parent.name == 'md']
SCANS = [path for path in OURS if 'rooms' not in path.stem]
ROOMS = next(path for path in OURS if path.stem.endswith('rooms'))
WRITERS = dict(s3dis=write_tiny_s3dis, scannet=write_tiny_scannet)


def test_the_control_differs_in_the_hints_alone():
    shuffled = ROOMS.with_name(f'{ROOMS.stem}_shuffled.py')
    control, method = (recipe(path).to_dict() for path in (shuffled, ROOMS))
    assert control['model']['mixer'].pop('shuffle') is True
    assert control == method


@pytest.mark.parametrize('path', OURS, ids=name)
def test_a_hint_has_a_place_and_the_input_features_of_the_student(path):
    config = recipe(path)
    assert config.model.decoder.hint_in_channels == 3 + config.model.backbone.in_channels
    assert config.model.decoder.in_channels == config.width


@pytest.mark.slow  # networks of full size
@pytest.mark.parametrize('path', SCANS, ids=name)
def test_a_recipe_on_scans_trains_its_student(path, tmp_path):
    config = copy.deepcopy(recipe(path))
    settings = config.train_dataloader.dataset
    settings.data_root = WRITERS[path.stem.split('_')[-1]](tmp_path, num_points=200)
    dataset = DATASETS.build(settings)
    seed_generators(0)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    loss, _ = model.parse_losses(model(**data, mode='loss'))
    loss.backward()
    assert bool(loss.isfinite()) and loss > 0
    grads = [weight.grad for weight in model.backbone.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
