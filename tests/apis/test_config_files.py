"""One folder for the data sets of all loaders, with those of other domains beside it."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.tools import test, train

CONFIGS = Path(__file__).parents[2] / 'configs'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def roots(config):
    """The data roots of every loader."""
    found = {}
    for name in LOADERS:
        if config.get(name):
            dataset = innermost_dataset(config[name])
            parts = [innermost_dataset(part) for part in dataset.get('datasets', [dataset])]
            found[name] = [part.data_root for part in parts]
    return found


@pytest.mark.parametrize('tool', [train, test])
def test_data_root_among_the_options_reaches_every_loader(tool):
    arguments = [str(CONFIGS / 'swin3d/swin3d-tiny_rooms-seg.py')]
    arguments += ['weights.pth'] if tool is test else []
    config = train.load_config(tool.parse_arguments([*arguments, '--cfg-options', 'data_root=/rooms/x']))
    assert config.data_root == '/rooms/x'
    assert {Path(root) for found in roots(config).values() for root in found} == {Path('/rooms/x')}
    assert set(roots(config)) == set(LOADERS)


def test_data_root_of_a_leaf_reaches_the_loaders_of_its_base(tmp_path):
    path = tmp_path / 'own.py'
    base = CONFIGS / 'pretraining/ppt/ppt_swin3d-tiny_rooms.py'
    path.write_text(f"_base_ = ['{base}']\ndata_root = '/mine/s3dis/'\n")
    for found in roots(train.load_config(train.parse_arguments([str(path)]))).values():
        assert found == ['/mine/s3dis/../structured3d/', '/mine/s3dis/../scannet/', '/mine/s3dis/']


def test_data_sets_that_a_leaf_places_itself_stay_there(tmp_path):
    base = CONFIGS / 'swin3d/swin3d-tiny_rooms-seg.py'
    dataset = "dict(dataset=dict(dataset=dict(data_root='/mine/')))"
    path = tmp_path / 'own.py'
    path.write_text(f"_base_ = ['{base}']\ntrain_dataloader = {dataset}\n")
    config = train.load_config(train.parse_arguments([str(path)]))
    assert roots(config)['train_dataloader'] == ['/mine/']
    assert roots(config)['test_dataloader'] == [config.data_root]
    config.dump(tmp_path / 'dumped.py')  # as in a work folder, without bases
    assert roots(train.load_config(train.parse_arguments([str(tmp_path / 'dumped.py')]))) == roots(config)


def test_data_root_of_a_file_between_reaches_the_loaders(tmp_path):
    base = CONFIGS / 'swin3d/swin3d-tiny_rooms-seg.py'
    (tmp_path / 'between.py').write_text(f"_base_ = ['{base}']\ndata_root = '/mine/'\n")
    (tmp_path / 'own.py').write_text("_base_ = ['./between.py']\nresume = True\n")
    config = train.load_config(train.parse_arguments([str(tmp_path / 'own.py')]))
    assert {root for found in roots(config).values() for root in found} == {'/mine/'}


@pytest.mark.parametrize('kind', ['rooms', pytest.param('', marks=pytest.mark.slow)], ids=['rooms', 'all'])
def test_without_an_option_every_data_set_is_where_its_config_puts_it(kind):
    bases = {}  # a config of each data set base
    for path in sorted([*CONFIGS.glob('pretraining/*/*.py'), *CONFIGS.glob('swin3d/*.py')]):
        for base in re.findall(rf'_base_/datasets/({kind}[\w-]*)', path.read_text()):
            bases.setdefault(base, path)
    assert len(bases) > 10
    for path in bases.values():
        stated = roots(Config.fromfile(path))
        loaded = roots(train.load_config(train.parse_arguments([str(path)])))
        assert loaded == stated, path.name


@pytest.mark.parametrize(
    ('stated', 'expected'),
    [
        ('data/s3dis/', '/new/s3dis'),
        ('data/s3dis/../scannet/', '/new/s3dis/../scannet/'),
        ('data/s3dis/../scannet', '/new/s3dis/../scannet/'),
        ('../data/s3dis', '/new/s3dis'),
        ('../../s3dis/', '/new/s3dis'),
        ('/abs/data/../other/s3dis', '/new/s3dis'),
    ],
)
def test_only_a_last_step_aside_is_kept(stated, expected):
    dataset = dict(type='RepeatDataset', dataset=dict(data_root=stated))
    config = Config(dict(train_dataloader=dict(dataset=dataset), val_dataloader=None))
    set_data_root(config, '/new/s3dis')
    assert config.train_dataloader.dataset.dataset.data_root == expected
    config = Config(dict(test_dataloader=dict(dataset=dict(type='X'))))
    set_data_root(config, '/new/s3dis')
    assert 'data_root' not in config.test_dataloader.dataset
