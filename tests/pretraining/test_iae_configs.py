"""The recipes of IAE on real data, their students at full size, on hand-made scenes."""

import pytest
import torch
from mmdet3d.registry import MODELS
from recipe_files import first_step, name, on_tiny_scenes, recipe, recipes_of
from tiny_pretraining import largest_gradient

OURS, REAL, ROOMS = recipes_of('iae')


@pytest.mark.slow  # a U-Net of 256 channels over a whole room
@pytest.mark.parametrize('path', REAL, ids=name)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    model, _, losses = first_step(config, samples=1)
    losses['loss_distance'].backward()
    assert losses['queries_outside'] < 0.1 and losses['voxels_outside'] < 0.1
    assert largest_gradient(model) > 0
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0


def test_students_of_generated_rooms_see_no_normals():
    pipeline = recipe(ROOMS).train_dataloader.dataset.pipeline
    kinds = [step['type'] for step in pipeline]
    assert 'ZeroNormals' in kinds and 'LoadNormals' not in kinds


@pytest.mark.parametrize('path', OURS, ids=name)
def test_the_slow_rate_of_blocks_is_for_those_of_the_student_alone(path):
    config = recipe(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    (key,) = config.optim_wrapper.paramwise_cfg.custom_keys
    slow = {name.split('.')[0] for name, _ in model.named_parameters() if key in name}
    assert slow <= {'backbone', 'neck'} and 'backbone' in slow
