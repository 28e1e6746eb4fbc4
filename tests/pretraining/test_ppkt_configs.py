from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import onto_posed_room
from real_data import local_real_data
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.preparation.posed_images import prepare_recording

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'ppkt'
PRETRAINING = sorted(CONFIGS.glob('ppkt_*.py'))


def name(path):
    return path.stem


def with_tiny_teacher(config):
    """The config with a teacher that needs no package and no file."""
    model = config.model.copy()
    model['teacher'] = dict(
        type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1)
    )
    model['pixel_head'] = dict(type='PixelProjection', in_channels=[8, 12], out_channels=128)
    return model


@pytest.mark.parametrize('path', PRETRAINING, ids=name)
def test_pretraining_config_learns_from_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    onto_posed_room(config.train_dataloader.dataset, tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    cfg = with_tiny_teacher(config)
    cfg['data_preprocessor']['voxel_size'] = 0.1
    model = MODELS.build(cfg).train()
    with torch.device('cpu'):
        data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    losses['loss_ppkt'].backward()
    assert 0 < losses['loss_ppkt'] < 3 * np.log(4096) and losses['pairs_per_frame'] > 20
    first = model.backbone.get_submodule('stem_layer' if hasattr(model.backbone, 'stem_layer') else 'stem')
    grads = [weight.grad.abs().max() for weight in first.parameters()]
    assert all(bool(grad.isfinite()) for grad in grads) and max(grads) > 0


@pytest.mark.parametrize('path', PRETRAINING, ids=name)
def test_pretraining_config_watches_for_collapse_and_exports_its_student(path):
    assert {'CollapseHook', 'ExportHook'} <= {hook['type'] for hook in Config.fromfile(path).custom_hooks}


def test_real_frames_pretrain_with_the_config_for_any_folder(tmp_path):
    prepare_recording(
        local_real_data('livingroom_rgbd'), tmp_path / 'posed_images' / 'room', every=9, up='-y'
    )
    config = Config.fromfile(CONFIGS / 'ppkt_swin3d-tiny_frames.py')
    config.train_dataloader.dataset.data_root = str(tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    model = MODELS.build(with_tiny_teacher(config)).train()
    optimiser = torch.optim.AdamW([w for w in model.parameters() if w.requires_grad], lr=2e-3)
    history = []
    for _ in range(6):
        data = model.data_preprocessor(pseudo_collate([dataset[i] for i in range(3)]), training=True)
        losses = model(**data, mode='loss')
        optimiser.zero_grad()
        losses['loss_ppkt'].backward()
        optimiser.step()
        history.append(losses['loss_ppkt'].item())
    assert len(dataset) == 3 and losses['pairs_per_frame'] > 200 and losses['skipped_frames'] == 0
    assert np.isfinite(history).all() and history[-1] < history[0]
