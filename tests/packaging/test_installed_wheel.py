"""The wheel, installed in a folder where nothing of the checkout is: its files, its configs, `mim search`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PLACES = {
    'swin3d_mmdet3d/': 'swin3d_mmdet3d/',
    'ops/swin3d_ops/': 'swin3d_ops/',
    'configs/': 'swin3d_mmdet3d/.mim/configs/',
    'model-index.yml': 'swin3d_mmdet3d/.mim/model-index.yml',
}
"""What is installed, and where."""
EVERY_CONFIG = """
import json, sys
import torch
from mim.commands.search import get_model_info
from mmdet3d.registry import MODELS
from mmengine.config import Config
from recipe_files import without_weights
import swin3d_mmdet3d
from swin3d_mmdet3d.apis.config_files import config_names, find_config

built = {}
for name in config_names():
    config = Config.fromfile(find_config(name))
    with torch.device('meta'):
        built[name] = sum(p.numel() for p in MODELS.build(without_weights(config.model)).parameters())
found = get_model_info('swin3d_mmdet3d', local=True, to_dict=True)
own = sys.argv[1]
open(own, 'w').write(json.dumps(dict(package=swin3d_mmdet3d.__file__, built=built, found=sorted(found))))
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The folder into which the wheel was installed."""
    folder = tmp_path_factory.mktemp('wheel')
    pip = [sys.executable, '-m', 'pip']
    subprocess.check_call(
        [*pip, 'wheel', '--no-deps', '--no-build-isolation', '-w', str(folder), str(REPOSITORY)]
    )
    (wheel,) = folder.glob('*.whl')
    subprocess.check_call([*pip, 'install', '--no-deps', '--target', str(folder / 'bare'), str(wheel)])
    return folder / 'bare'


def tracked_files():
    """Files of the checkout that git has or would take, but for those that were deleted."""
    command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard']
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip('git lists no files: this is no clone')
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def installed_place(name):
    """Where a file of the checkout belongs; None for one that is not installed."""
    return next((new + name[len(old) :] for old, new in PLACES.items() if name.startswith(old)), None)


def test_all_tracked_files_are_installed_and_no_others(installed):
    expected = {installed_place(name) for name in tracked_files()} - {None}
    tools = [Path(name).name for name in expected if Path(name).parts[:2] == ('swin3d_mmdet3d', 'tools')]
    expected |= {f'swin3d_mmdet3d/.mim/tools/{name}' for name in tools if not name.startswith('_')}
    found = {path.relative_to(installed).as_posix() for path in installed.rglob('*') if path.is_file()}
    found = {name for name in found if '.dist-info/' not in name and '__pycache__' not in name}
    assert sorted(expected - found) == []
    tables = {name for name in found if name.startswith('swin3d_mmdet3d/language/text_tables/')}
    assert {Path(name).name.split('_')[0] for name in tables} >= {'indoor36', 'scannet200'}
    compiled = {name for name in found - expected if Path(name).suffix in ('.so', '.dll', '.dylib', '.json')}
    assert sorted(found - expected - compiled) == []


def test_every_config_builds_and_mim_finds_it(installed, tmp_path):
    paths = [installed, REPOSITORY / 'tests' / 'fixtures', REPOSITORY / 'tests']
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, paths)))
    script, result = tmp_path / 'every_config.py', tmp_path / 'result.json'
    script.write_text(EVERY_CONFIG)
    subprocess.check_call([sys.executable, str(script), str(result)], cwd=tmp_path, env=environment)
    told = json.loads(result.read_text())
    assert Path(told['package']).parents[1] == installed
    recipes = [p.stem for p in (REPOSITORY / 'configs').rglob('*.py') if '_base_' not in p.parts]
    assert sorted(told['built']) == told['found'] == sorted(recipes)
    assert min(told['built'].values()) > 0
