"""The recipes of image networks on labelled rooms, shrunk, by the stock runner: trained, tested, exported."""

import copy
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from shrunk_methods import FRAME, write_rooms

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.checkpoints import load_strictly
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset

CONFIGS = Path(__file__).parents[1] / 'configs'
RECIPES = {
    'probe': CONFIGS / 'images' / 'efficientnet-lite0_rooms-seg_probe.py',
    'few': CONFIGS / 'images' / 'efficientnet-lite0_rooms-seg_few.py',
    'mvdecor': CONFIGS / 'pretraining' / 'mvdecor' / 'efficientnet-lite0_rooms-seg_mvdecor.py',
}


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    return write_rooms(tmp_path_factory.mktemp('rooms'))


def load(recipe, monkeypatch, image='none'):
    monkeypatch.setenv('IMAGE', str(image))
    monkeypatch.setenv('SCENES', '2')
    return Config.fromfile(RECIPES[recipe])


def shrink(config, rooms, work_dir):
    """Four steps of a network of two layers on small frames."""
    set_data_root(config, rooms / 's3dis')
    model = config.model.get('model', config.model)
    model.image.backbone = dict(type='TwoLayerTeacher')
    if 'pixel_head' in model:
        model.pixel_head.in_channels = [8, 8, 12, 12]
    else:
        model.decode_head.in_channels = 40
    for step in innermost_dataset(config.train_dataloader).pipeline:
        if step.type == 'CropFrames':
            step.size = FRAME
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        config[loader].update(num_workers=0, persistent_workers=False)
    config.train_cfg.update(max_iters=4, val_interval=4)
    config.default_hooks.checkpoint = None
    config.log_level = 'WARNING'
    config.work_dir, config.experiment_name = str(work_dir), work_dir.name
    return config


@pytest.mark.parametrize('recipe', RECIPES)
def test_images_start_from_the_file_that_the_environment_names_or_by_themselves(recipe, monkeypatch):
    for image in ('x/image.pth', 'none'):
        config = load(recipe, monkeypatch, image)
        model = config.model.get('model', config.model)
        start = model.image.backbone.init_cfg
        assert (start and start.checkpoint) == (None if image == 'none' else image)
        assert start is None or (start.type, start.prefix) == ('StrictPretrained', 'image.backbone.')


@pytest.mark.slow
@pytest.mark.parametrize('recipe', RECIPES)
def test_recipe_trains_and_labels_every_point_of_the_held_out_rooms(recipe, rooms, tmp_path, monkeypatch):
    config = shrink(load(recipe, monkeypatch), rooms, tmp_path)
    runner = Runner.from_cfg(copy.deepcopy(config))
    before = copy.deepcopy(runner.model.state_dict())
    runner.train()
    assert 0 <= runner.test()['miou'] <= 1  # of a metric that wants a label for each point
    after = runner.model.state_dict()
    learnt = [name for name, weight in after.items() if not torch.equal(weight, before[name])]
    assert any('decode_head.' in name for name in learnt)
    assert any('image.' in name for name in learnt) == (recipe != 'probe')
    if recipe == 'mvdecor':
        plain = MODELS.build(shrink(load('few', monkeypatch), rooms, tmp_path).model)
        content = torch.load(tmp_path / 'model.pth', weights_only=True)
        load_strictly(plain, content['state_dict'], 'model.pth')
