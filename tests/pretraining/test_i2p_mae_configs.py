from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import onto_posed_room
from real_data import local_real_data
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it
from tiny_scenes import write_tiny_s3dis

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.preparation.posed_images import prepare_recording

FOLDERS = [Path(__file__).parents[2] / 'configs' / 'pretraining' / name for name in ('act', 'i2p_mae')]
CONFIGS = sorted(path for folder in FOLDERS for path in folder.glob('*.py'))
LARGE = [path for path in CONFIGS if 'tiny' not in path.stem]
EACH = [pytest.param(path, marks=[pytest.mark.slow] if path in LARGE else []) for path in CONFIGS]


def tiny_teacher(model):
    """The config of a model with a teacher that needs no package and no file."""
    teacher = dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1))
    model = dict(model, teacher=teacher, saliency=dict(type='ActivationSaliency'))
    if model['feature_head'] is not None:
        model['feature_head'] = dict(model['feature_head'], out_channels=8 + 12)
    return model


def samples_of(config, folder):
    settings = config.train_dataloader.dataset
    if settings.type == 'S3DISWholeSceneDataset':
        settings.data_root = write_tiny_s3dis(folder)
    else:
        onto_posed_room(settings, folder)
    dataset = DATASETS.build(settings)
    return [dataset[0], dataset[1 % len(dataset)]]


@pytest.mark.parametrize('path', EACH, ids=lambda path: path.stem)
def test_each_recipe_rebuilds_what_its_own_pipeline_hides(path, tmp_path):
    config = Config.fromfile(path)
    samples = samples_of(config, tmp_path)
    torch.manual_seed(0)
    model = MODELS.build(tiny_teacher(config.model))
    model.init_weights()
    model.train()
    data = model.data_preprocessor(pseudo_collate(samples), training=True)
    losses = model(**data, mode='loss')
    terms = {'loss_points', 'loss_features'} & losses.keys()
    left_out = {'no-points': 'loss_points', 'no-features': 'loss_features'}.get(path.stem.rsplit('_')[-1])
    if path.parent.name == 'act':
        left_out = 'loss_points'
    assert terms == {'loss_points', 'loss_features'} - {left_out}
    assert losses['pairs_per_frame'] > 20 and losses['shown_cells'] > 0.1
    for name in terms:
        assert 0 < losses[name] < 10, name
    sum(losses[name] for name in terms).backward()
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    untrained = {name for name, weight in trained.items() if weight.grad is None}
    # a sparse U-Net is one module: its own decoder has no part in it
    assert {name.split('.')[1] for name in untrained} <= {'ups', 'decoder'}
    assert bool(untrained) == ('sparse-unet34' in path.stem)
    assert max(float(w.grad.abs().max()) for n, w in trained.items() if 'backbone.stem' in n) > 0


@pytest.mark.slow
@pytest.mark.parametrize('path', LARGE, ids=lambda path: path.stem)
def test_recipes_of_clip_read_its_features_and_its_attention(path, tmp_path):
    transformers = pytest.importorskip('transformers', reason='transformers is not installed')
    widths = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
    vision = transformers.CLIPVisionConfig(**widths, image_size=32, patch_size=16, projection_dim=512)
    transformers.CLIPVisionModelWithProjection(vision).save_pretrained(tmp_path / 'clip')
    config = Config.fromfile(path)
    samples = samples_of(config, tmp_path)
    config.model.teacher.backbone.folder = str(tmp_path / 'clip')
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate(samples[:1]), training=True)
    losses = model(**data, mode='loss')
    assert 0.3 < losses['loss_features'] < 3


@pytest.mark.slow
def test_real_frames_are_learnt_with_the_recipe_for_any_folder(tmp_path):
    recording = local_real_data('livingroom_rgbd')
    prepare_recording(recording, tmp_path / 'posed_images' / 'room', every=9, up='-y')
    (path,) = [path for path in CONFIGS if path.stem.endswith('_frames') and 'tiny' in path.stem]
    config = Config.fromfile(path)
    config.train_dataloader.dataset.data_root = str(tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    torch.manual_seed(0)
    model = MODELS.build(tiny_teacher(config.model))
    model.init_weights()
    optimiser = torch.optim.AdamW([w for w in model.train().parameters() if w.requires_grad], lr=2e-3)
    history = []
    for _ in range(8):
        data = model.data_preprocessor(pseudo_collate([dataset[i] for i in range(3)]), training=True)
        losses = model(**data, mode='loss')
        optimiser.zero_grad()
        (losses['loss_points'] + losses['loss_features']).backward()
        optimiser.step()
        history.append((losses['loss_points'] + losses['loss_features']).item())
    assert losses['shown_cells'] == 1 and losses['pairs_per_frame'] > 200
    assert sum(history[-2:]) < 0.9 * sum(history[:2])
