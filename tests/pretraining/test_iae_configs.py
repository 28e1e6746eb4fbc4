"""The recipes of IAE on real data, their students at full size, on hand-made scenes; and its control."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from recipe_files import on_tiny_scenes
from tiny_pretraining import largest_gradient

import swin3d_mmdet3d  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'iae'
REAL = sorted(path for path in CONFIGS.glob('*.py') if 'rooms' not in path.stem)


@pytest.mark.slow  # a U-Net of 256 channels over a whole room
@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = on_tiny_scenes(path, tmp_path, num_points=200)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    losses['loss_distance'].backward()
    assert losses['queries_outside'] < 0.1 and losses['voxels_outside'] < 0.1
    assert largest_gradient(model) > 0
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0


def test_the_control_differs_from_the_method_in_the_order_of_its_distances_alone():
    own, control = (
        Config.fromfile(CONFIGS / f'iae_swin3d-tiny_rooms{suffix}.py') for suffix in ('', '_shuffled')
    )
    steps = {step['type']: step for step in control.train_dataloader.dataset.pipeline}
    assert steps['SurfaceQueries'].pop('shuffle') is True
    assert own.train_dataloader.to_dict() == control.train_dataloader.to_dict()
    assert own.model.to_dict() == control.model.to_dict()


def test_students_of_generated_rooms_see_no_normals():
    pipeline = Config.fromfile(CONFIGS / 'iae_swin3d-tiny_rooms.py').train_dataloader.dataset.pipeline
    kinds = [step['type'] for step in pipeline]
    assert 'ZeroNormals' in kinds and 'LoadNormals' not in kinds


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)
def test_the_slow_rate_of_blocks_is_for_those_of_the_student_alone(path):
    config = Config.fromfile(path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    (key,) = config.optim_wrapper.paramwise_cfg.custom_keys
    slow = {name.split('.')[0] for name, _ in model.named_parameters() if key in name}
    assert slow <= {'backbone', 'neck'} and 'backbone' in slow
