"""The recipes for generated rooms as they are, trained for a few steps by the command line."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from shrunk_methods import ROOMS, student_of, write_rooms

from swin3d_mmdet3d.checkpoints import load_strictly
from swin3d_mmdet3d.tools import train

LEAVES = [path for path in ROOMS if path.stem == f'{path.parent.name}_swin3d-tiny_rooms']


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    return write_rooms(tmp_path_factory.mktemp('rooms'))


@pytest.mark.slow
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_the_command_line_trains_on_made_rooms_and_leaves_weights_in_the_work_folder(path, rooms, tmp_path):
    pytest.importorskip('efficientnet_lite_pytorch', reason='the extra "teacher" is not installed')
    options = ['train_cfg.max_iters=2', 'train_dataloader.num_workers=0']
    options += ['train_dataloader.persistent_workers=False', f'data_root={rooms / "s3dis"}']
    train.main([str(path), '--work-dir', str(tmp_path), '--cfg-options', *options])
    config = Config.fromfile(path)
    if config.model.type == 'MvDeCor':  # without a network of the cloud
        content = torch.load(tmp_path / 'image.pth', weights_only=True)
        assert content['meta']['parts'] == ['image', 'pixel_head']
    elif 'backbone' not in config.model:  # beside labels: the plain model around which the method stood
        content = torch.load(tmp_path / 'model.pth', weights_only=True)
        load_strictly(MODELS.build(config.model.model), content['state_dict'], 'model.pth')
    else:
        content = torch.load(tmp_path / 'student.pth', weights_only=True)
        _, neck = student_of(config)
        assert content['meta']['parts'] == (['backbone', 'neck'] if neck else ['backbone'])
    assert all(bool(weight.isfinite().all()) for weight in content['state_dict'].values())
