"""The commands of docs/own_data.md, run as they stand on scans that plyfile wrote."""

import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from own_scans import write_office_scans
from PIL import Image

PAGE = Path(__file__).parents[1] / 'docs' / 'own_data.md'
FEW = 3
FEW_STEPS = f'train_cfg.max_iters={FEW} train_cfg.val_interval={FEW} default_hooks.checkpoint.interval={FEW}'
# A worker that the garbage collector finds waits for five seconds before it ends.
NO_WORKERS = [
    f'{loader}_dataloader.{setting}'
    for loader in ('train', 'val', 'test')
    for setting in ('num_workers=0', 'persistent_workers=False')
]


def commands():
    """Module and arguments of every command of the page, in order."""
    blocks = re.findall(r'```shell\n(.*?)```', PAGE.read_text(), re.DOTALL)
    for line in ''.join(blocks).splitlines():
        python, flag, module, *arguments = shlex.split(line)
        assert (python, flag) == ('python', '-m')
        yield module, arguments


def run_here(module, arguments):
    status = importlib.import_module(module).main(arguments)
    assert not status, (module, arguments)


def run_apart(module, arguments):
    subprocess.run([sys.executable, '-m', module, *arguments], check=True)


def check_outputs(folder):
    picture = Image.open(folder / 'work_dirs/offices_seg/pictures/office_00.png')
    assert min(picture.size) > 100
    boxes = json.loads((folder / 'work_dirs/offices_det/pictures/office_00.json').read_text())
    assert set(boxes['classes']) == {'desk', 'chair', 'monitor', 'lamp'}


def scores(folder, name):
    return json.loads((folder / 'work_dirs' / name / 'test_result.json').read_text())['metrics']


@pytest.mark.slow
def test_the_page_runs_with_a_handful_of_steps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_office_scans('scans', rooms=3)
    for module, arguments in commands():
        arguments = [argument.replace('iter_600', f'iter_{FEW}') for argument in arguments]
        if module.endswith(('.train', '.test')):
            arguments += ['--cfg-options', *NO_WORKERS, *FEW_STEPS.split()]
        if module.endswith('.prepare_custom'):
            arguments += ['--workers', '1']
        run_here(module, arguments)
    check_outputs(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('variant', ['metres with z up', 'millimetres with y up'])
def test_the_page_trains_a_segmentor_and_a_detector(variant, tmp_path, monkeypatch):
    """Half of the rooms lie far from the origin; the seed of rooms and training is fixed."""
    monkeypatch.chdir(tmp_path)
    other = {} if variant.startswith('metres') else dict(up='y', unit=0.001)
    write_office_scans('scans', rooms=15, **other)
    for module, arguments in commands():
        if other and module.endswith(('.prepare_custom', '.predict')):
            arguments += ['--unit-scale', '0.001', '--up', 'y']
        run_apart(module, arguments)
    check_outputs(tmp_path)
    assert scores(tmp_path, 'offices_seg')['miou'] > 0.7
    assert scores(tmp_path, 'offices_det')['mAP_0.25'] > 0.6
