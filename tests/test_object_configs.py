"""The recipes of configs/objects take the student of I2P-MAE on objects, train and test on their layouts."""

import json

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from recipe_files import RECIPES, ROOT, name, recipe, without_weights

from swin3d_mmdet3d.datasets.layout.shapenet_part import PARTS
from swin3d_mmdet3d.synthetic_objects import ObjectOptions, make_objects
from swin3d_mmdet3d.tools import test as test_tool

OBJECTS = [path for path in RECIPES if path.parent.name == 'objects']
PRETRAINING = ROOT / 'configs/pretraining/i2p_mae_object'


def shapes(module):
    return {key: weight.shape for key, weight in module.state_dict().items()}


@pytest.mark.parametrize('path', OBJECTS, ids=name)
def test_the_student_of_the_paper_fits_strictly(path):
    pretrained = without_weights(recipe(PRETRAINING / 'i2p_mae_object_shapenet55.py').model.to_dict())
    config = recipe(path)
    init = config.model.backbone.init_cfg
    assert (init.type, init.checkpoint, init.prefix) == ('StrictPretrained', config.student, 'backbone.')
    with torch.device('meta'):
        student = MODELS.build(
            dict(type='I2PMAEObject', **{k: v for k, v in pretrained.items() if k != 'type'})
        )
        wanted = MODELS.build({**config.model.backbone, 'init_cfg': None})
    own = {key[len('backbone.') :]: weight.shape for key, weight in student.export()['student.pth'].items()}
    assert own == shapes(wanted)


@pytest.mark.parametrize('path', OBJECTS, ids=name)
def test_environment_names_the_student_and_none_is_from_scratch(path, monkeypatch):
    monkeypatch.setenv('STUDENT', 'x/student.pth')
    assert Config.fromfile(path).model.backbone.init_cfg.checkpoint == 'x/student.pth'
    monkeypatch.setenv('STUDENT', 'none')
    assert Config.fromfile(path).model.backbone.init_cfg is None


def test_ways_shots_and_fold_come_from_the_environment(monkeypatch):
    for key, value in dict(WAYS='10', SHOTS='20', FOLD='3').items():
        monkeypatch.setenv(key, value)
    config = Config.fromfile(ROOT / 'configs/objects/token-transformer_modelnet40-cls_few-shot.py')
    train, test = config.train_dataloader.dataset, config.test_dataloader.dataset
    assert (train.num_ways, train.num_shots, train.fold, config.model.num_classes) == (10, 20, 3, 10)
    assert (test.num_ways, test.num_shots, test.fold, test.split) == (10, 20, 3, 'test')


def test_parts_of_the_config_are_those_of_the_data():
    config = recipe(ROOT / 'configs/objects/token-transformer_shapenetpart-seg.py')
    assert {key: tuple(own) for key, own in config.parts.items()} == {
        k: tuple(own) for k, own in PARTS.items()
    }
    assert list(config.parts) == list(PARTS)  # their order is that of the labels


def write_parts(root):
    """Two lamps to train on and one to test."""
    (root / 'train_test_split').mkdir(parents=True)
    (root / '03636649').mkdir()
    (root / 'synsetoffset2category.txt').write_text('Lamp\t03636649\n')
    for split, names in dict(train=['a'], val=['b'], test=['c']).items():
        listed = json.dumps([f'shape_data/03636649/{own}' for own in names])
        (root / 'train_test_split' / f'shuffled_{split}_file_list.json').write_text(listed)
        for own in names:
            table = np.random.default_rng(0).normal(size=(80, 7))
            table[:, 6] = np.arange(80) % 4 + 24
            np.savetxt(root / '03636649' / f'{own}.txt', table)
    return root


def shrunk(path, root, work_dir):
    """The recipe with a tiny network, 40 points, two epochs of batches of two."""
    config = Config.fromfile(path)
    encoder = dict(num_tokens=[16, 8, 4], group_sizes=[6, 4, 3], channels=[8, 12, 16], depths=[1, 1, 1])
    config.model.backbone.update(encoder, num_heads=2, stem_channels=[8, 8], init_cfg=None)
    if config.model.type == 'ObjectPartSegmentor':
        config.model.update(level_channels=[8, 8], category_channels=4, head_channels=[8, 8])
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(root)
        for step in loader.dataset.pipeline:
            if step.type == 'PointSample':
                step.num_points = 40
    config.train_cfg.update(max_epochs=2, val_interval=2)
    config.work_dir = str(work_dir)
    config.log_level = 'WARNING'
    return config


@pytest.fixture(scope='module')
def objects(tmp_path_factory):
    options = ObjectOptions(train=2, test=1, points=50)
    return make_objects(tmp_path_factory.mktemp('objects'), options, workers=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    'recipe_name', ['modelnet40-cls', 'modelnet40-cls_few-shot', 'shapenetpart-seg', 'scanobjectnn-pb-cls']
)
def test_a_recipe_trains_and_tests_on_its_layout(recipe_name, objects, tmp_path, monkeypatch):
    monkeypatch.setenv('WAYS', '3')
    monkeypatch.setenv('SHOTS', '1')
    root = write_parts(tmp_path / 'parts') if 'seg' in recipe_name else objects
    path = ROOT / f'configs/objects/token-transformer_{recipe_name}.py'
    config = shrunk(path, root, tmp_path / 'work')
    config.model.num_classes = 41 if recipe_name == 'modelnet40-cls' else config.model.get('num_classes')
    if 'scanobjectnn' in recipe_name:
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            loader.dataset.layout = 'modelnet40-txt'  # HDF5 needs a package
        config.model.num_classes = 41
    if 'few-shot' in recipe_name:
        config.val_dataloader.dataset.num_shots = config.test_dataloader.dataset.num_shots = 1
    if 'seg' in recipe_name:
        del config.model['num_classes']
    runner = Runner.from_cfg(config)
    runner.train()
    scores = runner.test()
    assert scores and all(0 <= score <= 1 for score in scores.values())
    assert (tmp_path / 'work' / 'epoch_2.pth').is_file()


@pytest.mark.slow
def test_the_test_tool_gives_the_linear_svm_of_a_pretraining(objects, tmp_path):
    path = PRETRAINING / 'i2p_mae_object_swin3d-tiny_rooms.py'
    config = recipe(path)
    model = without_weights(config.model.to_dict())
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), tmp_path / 'model.pth')
    (tmp_path / 'rooms').mkdir()
    (tmp_path / 'rooms' / 'objects').symlink_to(objects)
    options = ['model.teacher.backbone.pretrained=False', f'data_root={tmp_path / "rooms"}']
    options += ['test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
    test_tool.main(
        [
            str(path),
            str(tmp_path / 'model.pth'),
            '--work-dir',
            str(tmp_path / 'work'),
            '--cfg-options',
            *options,
        ]
    )
    result = json.loads((tmp_path / 'work' / 'test_result.json').read_text())
    assert 0 <= result['metrics']['svm_accuracy'] <= 1 and result['info_files'] == []
