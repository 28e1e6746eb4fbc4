"""The package's names in the registries: found right after the import, whatever the scope."""

import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import mmdet3d.registry
import mmengine.registry
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry
from tiny_pretraining import tiny_ppkt

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.checkpoints.official_network import official_model_cfg
from swin3d_mmdet3d.root_registries import register_in_roots

CONFIGS = Path(__file__).parents[1] / 'configs'
MODELS = mmdet3d.registry.MODELS
SIZES = dict(depths=[1, 1], channels=[8, 8], num_heads=[2, 2], window_sizes=[3, 3], quant_size=2)
LEAVES = {
    'segmentor': 'swin3d/swin3d-tiny_rooms-seg.py',
    'fcaf3d': 'fcaf3d/fcaf3d_swin3d-tiny_rooms-scannet-det.py',
    'tr3d': 'tr3d/tr3d_swin3d-tiny_rooms-scannet-det.py',
    'cagroup3d': 'cagroup3d/cagroup3d_swin3d-tiny_rooms-scannet-det.py',
    'ppt': 'pretraining/ppt/ppt_swin3d-tiny_rooms.py',
}
OWN_MODELS = Registry('model', parent=mmengine.registry.MODELS, scope='own_project')


@OWN_MODELS.register_module()
class InfoNCE:
    """A class of an own project that has the name of one of the package's."""


@pytest.fixture
def set_scope(monkeypatch):
    """Sets the default scope of the process; None is that of a fresh one."""
    monkeypatch.setattr(DefaultScope, '_instance_dict', OrderedDict())
    return lambda scope: scope and DefaultScope.get_instance('now', scope_name=scope)


def build(kind):
    if kind == 'official':
        return MODELS.build(official_model_cfg(**SIZES, num_layers=2))
    if kind == 'ppkt':
        teacher = dict(type='FrozenImageTeacher', backbone=dict(type='mmdet.ResNet', depth=18))
        return MODELS.build({**tiny_ppkt(), 'teacher': teacher})
    return MODELS.build(Config.fromfile(CONFIGS / LEAVES[kind]).model)


def assert_ours(model):
    for part in (model, model.data_preprocessor):
        assert type(part).__module__.startswith('swin3d_mmdet3d.')


@pytest.mark.parametrize('kind', ['official', 'ppkt', *LEAVES])
def test_whole_models_build_without_a_scope(set_scope, kind):
    set_scope(None)
    assert_ours(build(kind))


@pytest.mark.parametrize('scope', ['mmengine', 'mmdet', 'own_project'])
@pytest.mark.parametrize('kind', ['official', 'ppkt', 'cagroup3d'])
def test_whole_models_build_in_a_foreign_scope(set_scope, scope, kind):
    set_scope(scope)
    assert_ours(build(kind))


def test_default_parts_are_this_packages_where_a_project_has_the_same_name(set_scope):
    set_scope('own_project')
    assert not isinstance(build('ppkt').criterion, InfoNCE)


def test_roots_know_every_class_of_the_package():
    count = 0
    for name, registry in vars(mmdet3d.registry).items():
        if not isinstance(registry, Registry) or registry.parent is None:
            continue
        for key, entry in registry.module_dict.items():
            if entry.__module__.startswith('swin3d_mmdet3d.'):
                count += 1
                assert registry.parent.get(key) is entry, f'{key} of {name}'
    assert count > 50


def test_a_name_that_the_root_has_for_another_class_keeps_it_and_that_is_said(monkeypatch):
    from swin3d_mmdet3d import root_registries

    lines = []
    monkeypatch.setattr(root_registries, 'print_log', lambda text, **_: lines.append(text))
    monkeypatch.setitem(mmengine.registry.MODELS.module_dict, 'InfoNCE', InfoNCE)
    register_in_roots()
    assert mmengine.registry.MODELS.get('InfoNCE') is InfoNCE
    assert mmengine.registry.MODELS.get('mmdet3d.InfoNCE') is MODELS.module_dict['InfoNCE'] is not InfoNCE
    (line,) = lines
    assert line.startswith('InfoNCE is ') and line.endswith("this package's is mmdet3d.InfoNCE")


@pytest.mark.slow
def test_the_official_network_builds_in_a_fresh_process():
    code = (
        'import swin3d_mmdet3d\n'
        'from mmdet3d.registry import MODELS\n'
        'from swin3d_mmdet3d.tools.convert_checkpoint import official_model_cfg\n'
        f'print(type(MODELS.build(official_model_cfg(**{SIZES}, num_layers=2))).__name__)\n'
    )
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert run.stdout.strip().endswith('VoxelSegmentor'), run.stderr
