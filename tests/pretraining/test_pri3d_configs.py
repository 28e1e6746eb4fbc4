"""The recipes of Pri3D on real data on a hand-made scene; its arms."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room

import swin3d_mmdet3d  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'pri3d'
REAL = sorted(path for path in CONFIGS.glob('*.py') if 'rooms' not in path.stem)


@pytest.mark.slow  # a ResNet-50 beside a student of full size
@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_both_networks_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    settings = config.train_dataloader.dataset
    settings.data_root = str(write_posed_room(tmp_path, num_frames=8, info_file='scannet_infos_train.pkl'))
    for step in settings.pipeline:
        if step.type == 'ResizeFrames':
            step.size = (64, 48)
    del config.model.image.backbone.init_cfg
    dataset = DATASETS.build(settings)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert losses['pairs_per_sample'] > 20 and losses['pairs_per_frame'] > 20
    grads = [weight.grad for weight in model.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
    for network in (model.backbone, model.image):
        assert float(next(network.parameters()).grad.abs().max()) > 0


def test_arms_leave_terms_out_and_change_nothing_else():
    own = Config.fromfile(CONFIGS / 'pri3d_swin3d-tiny_rooms.py')
    for arm, removed in dict(view={'backbone', 'matcher', 'depth_head'}, geometry={'view_matcher'}).items():
        changed = Config.fromfile(CONFIGS / f'pri3d_swin3d-tiny_rooms_{arm}.py')
        assert changed.train_dataloader.to_dict() == own.train_dataloader.to_dict()
        kept = {name: part for name, part in changed.model.to_dict().items() if part is not None}
        assert kept == {name: own.model.to_dict()[name] for name in kept}
        assert removed <= own.model.keys() - kept.keys()
