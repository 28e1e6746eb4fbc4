"""Recipes that train an image network on real data, on a hand-made scene; the arms of Pri3D."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room

import swin3d_mmdet3d  # noqa: F401

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining'
REAL = sorted(
    path
    for folder in ('pri3d', 'mvdecor', 'simipu')
    for path in (CONFIGS / folder).glob('*_scannet-frames.py')
)


@pytest.mark.slow  # a ResNet-50 beside a student of full size
@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_recipe_trains_its_networks_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    settings = config.train_dataloader.dataset
    settings.data_root = str(write_posed_room(tmp_path, num_frames=8, info_file='scannet_infos_train.pkl'))
    for step in settings.pipeline:
        if step.type == 'ResizeFrames':
            step.size = (64, 48)
    config.model.image.backbone.pop('init_cfg', None)
    dataset = DATASETS.build(settings)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    losses = model(**data, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert losses['pairs_per_sample'] > 10
    read = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    assert all(bool(grad.isfinite().all()) for grad in read.values())
    for network in ('image.', *(['backbone.'] if model.backbone is not None else [])):
        own = [float(grad.abs().max()) for name, grad in read.items() if name.startswith(network)]
        assert own and max(own) > 0


def test_arms_leave_terms_out_and_change_nothing_else():
    own = Config.fromfile(CONFIGS / 'pri3d' / 'pri3d_swin3d-tiny_rooms.py')
    for arm, removed in dict(view={'backbone', 'matcher', 'depth_head'}, geometry={'view_matcher'}).items():
        changed = Config.fromfile(CONFIGS / 'pri3d' / f'pri3d_swin3d-tiny_rooms_{arm}.py')
        assert changed.train_dataloader.to_dict() == own.train_dataloader.to_dict()
        kept = {name: part for name, part in changed.model.to_dict().items() if part is not None}
        assert kept == {name: own.model.to_dict()[name] for name in kept}
        assert removed <= own.model.keys() - kept.keys()


def test_the_contrast_of_one_frame_differs_from_that_of_several_in_its_pipeline_alone():
    view, one = (
        Config.fromfile(CONFIGS / 'pri3d' / f'pri3d_swin3d-tiny_rooms_{arm}.py')
        for arm in ('view', 'one-frame')
    )
    assert view.model.to_dict() == one.model.to_dict()
    assert view.optim_wrapper.to_dict() == one.optim_wrapper.to_dict()
    steps = {step['type']: step for step in one.train_dataloader.dataset.pipeline}
    assert steps['LoadRGBDFrames']['num_frames'] == 1 and steps['CopyFrames']['copies'] == 3


def test_the_released_form_of_simipu_differs_in_what_is_detached_alone():
    own, released = (
        Config.fromfile(CONFIGS / 'simipu' / f'simipu_swin3d-tiny_rooms{arm}.py')
        for arm in ('', '_released-detach')
    )
    assert released.model.pop('detach') == 'projection'
    assert own.model.to_dict() == released.model.to_dict()
    assert own.train_dataloader.to_dict() == released.train_dataloader.to_dict()
