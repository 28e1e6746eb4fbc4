"""The recipes of MD: the control, widths, and their students on hand-made scenes."""

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.dataset import pseudo_collate
from recipe_files import name, on_tiny_scenes, recipe, recipes_of
from tiny_pretraining import largest_gradient

from swin3d_mmdet3d.datasets.seeded_generators import seed_generators

OURS, SCANS, ROOMS = recipes_of('md')


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
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    seed_generators(0)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    loss, _ = model.parse_losses(model(**data, mode='loss'))
    loss.backward()
    assert bool(loss.isfinite()) and loss > 0
    assert largest_gradient(model.backbone) > 0
