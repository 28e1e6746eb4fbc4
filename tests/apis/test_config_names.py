"""Configs are found by their names everywhere, also as bases; a typo is answered by what was meant."""

from pathlib import Path

import numpy as np
import pytest
from height_segmentor import write_height_model
from mmengine.config import Config
from mmengine.logging import MMLogger

from swin3d_mmdet3d.apis import find_config
from swin3d_mmdet3d.apis.config_files import config_names
from swin3d_mmdet3d.tools import predict, test, train

CONFIGS = Path(__file__).parents[2] / 'configs'
NAME = 'swin3d-tiny_rooms-seg'
FILE = CONFIGS / 'swin3d' / f'{NAME}.py'
FORMS = [str(FILE), f'swin3d/{NAME}.py', f'{NAME}.py', NAME, f'swin3d_mmdet3d::swin3d/{NAME}.py']


@pytest.mark.parametrize('name', FORMS)
def test_every_form_of_a_name_is_the_same_file(name):
    assert find_config(name).resolve() == FILE


@pytest.mark.parametrize('tool', [train, test])
@pytest.mark.parametrize('name', FORMS)
def test_training_and_testing_take_every_form_and_name_the_work_folder_alike(tool, name, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    words = [name, 'weights.pth'] if tool is test else [name]
    config = train.load_config(tool.parse_arguments(words))
    assert config.work_dir == f'work_dirs/{NAME}' and config.model == Config.fromfile(FILE).model


@pytest.mark.parametrize(
    'typo, meant',
    [
        ('swin3d-tiny_room-seg', NAME),
        ('swin3d_tiny_rooms-seg.py', NAME),
        ('swin3d/swin3d-tiny-rooms-seg.py', NAME),
        ('fcaf3d_swin3d-tiny_scannet-det', 'fcaf3d_swin3d-tiny_rooms-scannet-det'),
        ('swin3d_mmdet3d::swin3d/swin3d-small_s3dis.py', 'swin3d-small_s3dis-seg'),
    ],
)
def test_a_typo_is_answered_by_the_name_that_was_meant(typo, meant):
    with pytest.raises(ValueError, match='did you mean') as error:
        find_config(typo)
    assert meant in str(error.value).partition('did you mean')[2] and typo in str(error.value)


def test_a_name_like_no_other_is_answered_by_the_way_to_the_list():
    with pytest.raises(ValueError, match='mim search swin3d_mmdet3d'):
        find_config('xyzzy')


def test_names_are_those_of_all_configs():
    assert config_names() == sorted(p.stem for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)


def test_predict_takes_a_bare_name_and_answers_a_typo(tmp_path):
    _, checkpoint = write_height_model(tmp_path)
    np.save(tmp_path / 'a.npy', np.zeros((5, 3)))
    words = [str(tmp_path / 'a.npy'), f'--checkpoint={checkpoint}', '--out=x', '--config']
    lines = []
    logger = MMLogger.get_current_instance()
    logger.addFilter(lambda record: lines.append(record.getMessage()) or True)
    assert predict.main([*words, 'swin3d-tiny_room-seg']) == 1 and NAME in lines[-1]
    assert predict.main([*words, NAME]) == 1 and 'another model than this VoxelSegmentor' in lines[-1]
    logger.filters.clear()


@pytest.mark.parametrize('base', [f'swin3d/{NAME}.py', '_base_/datasets/rooms-seg.py'])
def test_configs_are_bases_by_the_prefix_of_the_package(base, tmp_path):
    own, plain = tmp_path / 'own.py', tmp_path / 'plain.py'
    own.write_text(f"_base_ = ['swin3d_mmdet3d::{base}']\nsize = _base_.voxel_size\ndata_root = 'mine/'\n")
    plain.write_text(f"_base_ = ['{CONFIGS / base}']\nsize = _base_.voxel_size\ndata_root = 'mine/'\n")
    assert Config.fromfile(own).to_dict() == Config.fromfile(plain).to_dict()


def test_the_prefix_goes_beside_those_of_mmengine_and_answers_typos(tmp_path):
    own = tmp_path / 'own.py'
    own.write_text(
        "_base_ = ['mmdet3d::_base_/default_runtime.py', 'swin3d_mmdet3d::_base_/heads/fcaf3d.py']"
    )
    assert Config.fromfile(own).default_scope == 'mmdet3d'
    own.write_text("_base_ = 'swin3d_mmdet3d::swin3d/swin3d-tiny_room-seg.py'")
    with pytest.raises(ValueError, match=f'did you mean .*{NAME}'):
        Config.fromfile(own)


def test_data_root_of_a_leaf_reaches_the_loaders_of_a_base_by_prefix(tmp_path):
    own = tmp_path / 'own.py'
    own.write_text(f"_base_ = 'swin3d_mmdet3d::swin3d/{NAME}.py'\ndata_root = '/mine/'\n")
    config = train.load_config(train.parse_arguments([str(own)]))
    assert config.train_dataloader.dataset.dataset.data_root == '/mine/'
    assert config.test_dataloader.dataset.data_root == '/mine/'
