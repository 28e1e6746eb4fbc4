"""The recipes of Ponder on real data, their students at full size, on a hand-made scene; and its control."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room
from tiny_pretraining import largest_gradient

import swin3d_mmdet3d  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'ponder'
REAL = sorted(path for path in CONFIGS.glob('*.py') if 'rooms' not in path.stem)


@pytest.mark.slow  # a U-Net of 128 channels over a whole room
@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    settings = config.train_dataloader.dataset
    settings.data_root = str(write_posed_room(tmp_path, num_frames=5, info_file='scannet_infos_train.pkl'))
    for step in settings.pipeline:
        if step.type == 'CameraRays':
            step.rays_per_frame = 20
    dataset = DATASETS.build(settings)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert losses['rays_outside'] < 0.1 and losses['voxels_outside'] < 0.1
    assert largest_gradient(model) > 0
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0


def test_the_control_differs_from_the_method_in_the_order_of_its_targets_alone():
    own, control = (
        Config.fromfile(CONFIGS / f'ponder_swin3d-tiny_rooms{suffix}.py') for suffix in ('', '_shuffled')
    )
    steps = {step['type']: step for step in control.train_dataloader.dataset.pipeline}
    assert steps['CropRays'].pop('shuffle') is True
    assert own.train_dataloader.to_dict() == control.train_dataloader.to_dict()
    assert own.model.to_dict() == control.model.to_dict()
