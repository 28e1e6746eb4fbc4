from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room
from real_data import local_real_data
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.preparation.posed_images import prepare_recording

CONFIGS = Path(__file__).parents[2] / 'configs' / 'ppkt'
PRETRAINING = sorted(CONFIGS.glob('ppkt_*.py'))
PROTOCOLS = sorted(p for p in CONFIGS.glob('*.py') if 'student = ' in p.read_text())


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
    write_posed_room(tmp_path, num_frames=4)
    dataset_cfg = config.train_dataloader.dataset
    dataset_cfg.data_root = str(tmp_path)
    if 'ann_file' in dataset_cfg:
        dataset_cfg.ann_file = 'scenes.pkl'
    for step in dataset_cfg.pipeline:
        if step.type in ('ResizeFrames', 'CropFrames') and 'size' in step:
            step.size = (32, 32)
    dataset = DATASETS.build(dataset_cfg)
    cfg = with_tiny_teacher(config)
    cfg['data_preprocessor']['voxel_size'] = 0.1
    model = MODELS.build(cfg).train()
    with torch.device('cpu'):
        data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[0]]), training=True)
    losses = model(**data, mode='loss')
    losses['loss_ppkt'].backward()
    assert 0 < losses['loss_ppkt'] < 3 * np.log(4096) and losses['pairs_per_frame'] > 20
    first = model.backbone.get_submodule('stem' if hasattr(model.backbone, 'stem') else 'stem_layer')
    grads = [weight.grad.abs().max() for weight in first.parameters()]
    assert all(bool(grad.isfinite()) for grad in grads) and max(grads) > 0


@pytest.mark.parametrize('path', PRETRAINING, ids=name)
def test_pretraining_config_watches_for_collapse_and_exports_its_student(path):
    assert {'CollapseHook', 'ExportHook'} <= {hook['type'] for hook in Config.fromfile(path).custom_hooks}


@pytest.mark.parametrize('path', PROTOCOLS, ids=name)
def test_students_of_the_method_load_strictly_into_the_recipes_that_name_them(path, tmp_path):
    config = Config.fromfile(path)
    checkpoint = Path(config.student)
    pretraining = Config.fromfile(CONFIGS / f'{checkpoint.parent.name}.py')
    with torch.device('meta'):
        student = MODELS.build(with_tiny_teacher(pretraining))
    parts = [part for part in ('backbone', 'neck') if config.model.get(part)]
    for part in parts:
        expected = {key: weight.shape for key, weight in getattr(student, part).state_dict().items()}
        cfg = config.model[part]
        assert cfg.init_cfg.type == 'StrictPretrained' and cfg.init_cfg.checkpoint == config.student
        assert cfg.init_cfg.prefix == f'{part}.'
        with torch.device('meta'):
            found = MODELS.build({**cfg, 'init_cfg': None}).state_dict()
        assert {key: weight.shape for key, weight in found.items()} == expected


@pytest.mark.parametrize('scenes', [1, 5, 10])
def test_few_label_recipes_see_as_many_scenes_and_as_many_samples(scenes):
    few = Config.fromfile(CONFIGS / f'swin3d-small_scannet-seg_{scenes}-scenes.py').train_dataloader.dataset
    full = Config.fromfile(CONFIGS / 'swin3d-small_scannet-seg_ppkt.py').train_dataloader.dataset
    assert few.dataset.indices == scenes
    assert few.times * scenes == pytest.approx(full.times * 1201, rel=0.01)


@pytest.mark.parametrize('path', [p for p in PROTOCOLS if 'probe' in p.stem], ids=name)
def test_probe_trains_one_linear_layer(path):
    config = Config.fromfile(path)
    assert config.custom_hooks[0].names == ['backbone', 'neck']
    head = MODELS.build(config.model.decode_head)
    assert [n for n, _ in head.named_parameters()] == ['classifier.weight', 'classifier.bias']
    x, y = torch.randn(2, 6, config.model.decode_head.in_channels)
    head.eval()
    torch.testing.assert_close(head((x + y) / 2), (head(x) + head(y)) / 2, atol=1e-5, rtol=1e-4)


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
