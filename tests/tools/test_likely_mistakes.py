"""The likeliest mistakes of users, each with what the one line that answers it must say.

The list was written before the messages. All cases run in one process, as the tools' own command lines do.
"""

import importlib
import logging
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from height_segmentor import write_height_model
from mmengine.logging import MMLogger
from tiny_scenes import write_tiny_s3dis

from swin3d_mmdet3d.tools.mistakes import run_tool

PAGE = Path(__file__).parents[2] / 'docs' / 'mistakes.md'
SEG, DET = 'swin3d-tiny_rooms-seg', 'fcaf3d_swin3d-tiny_rooms-scannet-det'
DATA = '--cfg-options data_root={data}'


class Mistake(NamedTuple):
    """What a user types after the tool's name, and what the answer says."""

    what: str
    tool: str
    words: str
    told: tuple


MISTAKES = [
    Mistake('a typo in the name of a config', 'train', 'swin3d-tiny_room-seg', (f'did you mean {SEG}',)),
    Mistake(
        'a typo in its path', 'train', 'configs/swin3d/swin3d_tiny_rooms-seg.py', (f'did you mean {SEG}',)
    ),
    Mistake('a config that is no Python', 'train', '{tmp}/broken.py', ('broken.py', 'line 2')),
    Mistake('a base that is not there', 'train', '{tmp}/baseless.py', ('nothing.py', '_base_')),
    Mistake('a typo in a base of this package', 'train', '{tmp}/leaf.py', ('did you mean', SEG)),
    Mistake(
        'data that nobody prepared',
        'train',
        SEG,
        ('data/rooms/s3dis_infos_Area_1.pkl', 'make_rooms --domain s3dis --out data/rooms', 'data_root='),
    ),
    Mistake(
        'rooms of another domain',
        'train',
        'supervised_swin3d-tiny_rooms',
        ('data/structured3d/structured3d_infos', 'make_rooms --domain structured3d --out data/structured3d'),
    ),
    Mistake(
        'rooms without frames',
        'train',
        f'ppkt_swin3d-tiny_rooms {DATA} train_dataloader.num_workers=0',
        ('posed_images', 'make_rooms --frames'),
    ),
    Mistake(
        'another folder of data',
        'train',
        f'{SEG} --cfg-options data_root=/none',
        ('/none/s3dis', 'data_root='),
    ),
    Mistake(
        'an info file that is none',
        'train',
        f'{SEG} --cfg-options data_root={{bad}}',
        ('Area_1.pkl', 'not a pickle'),
    ),
    Mistake(
        'scans that were not copied',
        'train',
        f'{SEG} --cfg-options data_root={{empty}}',
        ('points', 'missing'),
    ),
    Mistake(
        'a typo in the type of a model',
        'train',
        f'{SEG} {DATA} model.type=VoxelSegmenter',
        ('VoxelSegmentor',),
    ),
    Mistake(
        'a typo in a transform',
        'train',
        f'{SEG} {DATA} train_dataloader.dataset.dataset.pipeline.0.type=LoadColouredPoints',
        ('did you mean', 'LoadColoredPoints'),
    ),
    Mistake(
        'an argument that is none', 'train', f'{SEG} {DATA} model.backbone.width=3', ('Swin3D', "'width'")
    ),
    Mistake(
        'a typo in an option',
        'train',
        f'{SEG} {DATA} train_cfg.max_iter=2',
        ('did you mean train_cfg.max_iters',),
    ),
    Mistake('an option without a value', 'train', f'{SEG} --cfg-options train_cfg.max_iters', ('KEY=VALUE',)),
    Mistake(
        'a dict for an option',
        'train',
        f"{SEG} --cfg-options visualizer.vis_backends=[dict(type='TensorboardVisBackend')]",
        ('vis_backends.type=NAME', 'a list of them'),
    ),
    Mistake(
        'a back-end of curves that is none',
        'train',
        f'{SEG} {DATA} --vis-backends TensorBoardVisBackend',
        ('TensorboardVisBackend, WandbVisBackend, got TensorBoardVisBackend',),
    ),
    Mistake('an option of other tools', 'train', f'{SEG} --epochs 5', ('--epochs',)),
    Mistake(
        'a checkpoint to resume that is not there',
        'train',
        f'{SEG} {DATA} --resume x.pth',
        ('x.pth', 'no such'),
    ),
    Mistake(
        "another model's checkpoint to resume",
        'train',
        f'{SEG} {DATA} --resume {{weights}}',
        ('another model',),
    ),
    Mistake('mixed precision without a GPU', 'train', f'{SEG} {DATA} --amp', ('--amp', 'GPU')),
    Mistake('a launcher without its program', 'train', f'{SEG} {DATA} --launcher pytorch', ('torchrun',)),
    Mistake(
        'a student that is not there',
        'train',
        f'swin3d-tiny_rooms-seg_from-student {DATA}',
        ('student.pth', 'STUDENT='),
    ),
    Mistake(
        'a work folder that is a file', 'train', f'{SEG} {DATA} --work-dir {{file}}', ('{file}', 'folder')
    ),
    Mistake(
        'a head for other classes',
        'train',
        f'{SEG} {DATA} model.decode_head.num_classes=5',
        ('num_classes', '13', '5'),
    ),
    Mistake(
        'a rate for no batch size', 'train', '{config} --auto-scale-lr', ('auto_scale_lr.base_batch_size',)
    ),
    Mistake('a config that trains nothing', 'train', '{config}', ('missing', 'train_dataloader')),
    Mistake('no checkpoint to test', 'test', SEG, ('required', 'checkpoint')),
    Mistake('a checkpoint that is not there', 'test', f'{SEG} x.pth {DATA}', ('x.pth', 'no such file')),
    Mistake(
        "another model's checkpoint", 'test', f'{SEG} {{weights}} {DATA}', ('height.pth', 'another model')
    ),
    Mistake('a text for a checkpoint', 'test', f'{SEG} {{file}} {DATA}', ('file.txt', 'no checkpoint')),
    Mistake('half a checkpoint', 'test', f'{SEG} {{half}} {DATA}', ('half.pth', 'damaged')),
    Mistake('checkpoint and config exchanged', 'test', f'{{weights}} {SEG}', ('config comes first',)),
    Mistake('predictions as JSON', 'test', f'{SEG} {{weights}} --out all.json {DATA}', ('--out', '.pkl')),
    Mistake('votes without views', 'test', f'{DET} {{weights}} --tta', ('--tta', 'tta_pipeline')),
    Mistake(
        'a submission without a server',
        'test',
        f'{SEG} {{weights}} --submission a.zip',
        ('submission_infos',),
    ),
    Mistake(
        'weights without a config',
        'predict',
        '{scan} --checkpoint my.pth --out x',
        ('--config', '--checkpoint', 'make demo', '--task'),
    ),
    Mistake(
        'a scan that is not there', 'predict', 'nothing.ply {model} --out x', ('nothing.ply', 'no such file')
    ),
    Mistake('a scan of another kind', 'predict', '{file} {model} --out x', ('file.txt', 'numbers')),
    Mistake('a picture for a scan', 'predict', '{tmp}/scan.jpg {model} --out x', ('scan.jpg', '.ply')),
    Mistake('a folder without scans', 'predict', '{tmp}/none {model} --out x', ('none', '.ply')),
    Mistake('a scan without numbers', 'predict', '{tmp}/nan.npy {model} --out x', ('nan.npy', 'NaN')),
    Mistake(
        'millimetres',
        'predict',
        '{tmp}/mm.npy {model} --out x --strict',
        ('millimetres', '--unit-scale 0.001'),
    ),
    Mistake(
        'a GPU that is not there', 'predict', '{scan} {model} --out x --device cuda:0', ('cuda:0', '0 GPUs')
    ),
    Mistake(
        'a pretraining for a model',
        'predict',
        '{scan} --config ppkt_swin3d-tiny_rooms --checkpoint {weights} --out x',
        ('test pipeline',),
    ),
    Mistake('results over the scans', 'predict', '{scan} {model} --out {tmp}', ('--out', 'scan.npz')),
    Mistake('raw data that is not there', 'prepare_s3dis', '/none/raw {tmp}/out', ('/none/raw',)),
    Mistake('own scans that are not there', 'prepare_custom', '/none/scans {tmp}/out', ('/none/scans',)),
    Mistake('no rooms', 'make_rooms', '--out {tmp}/rooms --rooms 0', ('rooms',)),
    Mistake('no file to convert', 'convert_checkpoint', 'x.pth y.pth', ('x.pth', 'no such file')),
    Mistake(
        'a method that is none',
        'compare_pretraining',
        'ppkts --out {tmp}/c --work-dir {tmp}/w --no-nice',
        ('did you mean', 'ppkt_swin3d-tiny_rooms'),
    ),
    Mistake('no log to draw', 'analyze_logs', '/none', ('/none', 'scalars.json')),
    Mistake('no file to publish', 'publish_model', 'x.pth y.pth', ('x.pth', 'no such file')),
    Mistake(
        'no samples to draw', 'browse_dataset', f'{SEG} --out x', ('s3dis_infos_Area_1.pkl', '--data-root')
    ),
]


@pytest.fixture(scope='module')
def places(tmp_path_factory):
    """Files that the mistakes name."""
    tmp = tmp_path_factory.mktemp('mistakes')
    texts = {
        'broken.py': "model = dict(type='A')\nmodel = = 2\n",
        'baseless.py': "_base_ = ['./nothing.py']\n",
        'leaf.py': "_base_ = ['swin3d_mmdet3d::swin3d/swin3d-tiny_room-seg.py']\n",
        'file.txt': 'these are words\nand no numbers\n',
        'scan.jpg': 'x',
    }
    for name, text in texts.items():
        (tmp / name).write_text(text)
    (tmp / 'none').mkdir()
    config, weights = write_height_model(tmp)
    (tmp / 'half.pth').write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    np.savez(tmp / 'scan.npz', xyz=np.random.default_rng(0).uniform(0, 3, (50, 3)))
    np.save(tmp / 'nan.npy', np.full((9, 3), np.nan))
    np.save(tmp / 'mm.npy', np.random.default_rng(0).uniform(0, 4000, (900, 3)))
    data, bad, empty = (tmp / name for name in ('data', 'bad', 'empty'))
    for folder in (data, empty):
        write_tiny_s3dis(folder, num_points=300)
    for file in (empty / 'points').iterdir():
        file.unlink()
    bad.mkdir()
    for area in range(1, 7):
        (bad / f's3dis_infos_Area_{area}.pkl').write_text('no pickle')
    model = f'--config {config} --checkpoint {weights}'
    names = dict(tmp=tmp, config=config, weights=weights, model=model, data=data, bad=bad, empty=empty)
    return {**names, 'file': tmp / 'file.txt', 'half': tmp / 'half.pth', 'scan': tmp / 'scan.npz'}


@pytest.fixture
def told(monkeypatch, capsys):
    """Runs a tool; returns its status, the line that tells the error, and all that was written."""
    loggers, errors = [MMLogger.get_current_instance(), MMLogger.get_instance('swin3d_mmdet3d')], []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())
    # handlers of the loggers write to streams of earlier tests
    monkeypatch.setattr(logging, 'raiseExceptions', False)

    def run(tool, words):
        monkeypatch.setattr('sys.argv', [tool, *words])
        for logger in loggers:
            logger.addHandler(handler)
        try:
            status = run_tool(importlib.import_module(f'swin3d_mmdet3d.tools.{tool}').main, words)
        except SystemExit as stop:
            status = stop.code
        finally:
            for logger in loggers:
                logger.removeHandler(handler)
        written = capsys.readouterr()
        lines = [line for line in written.err.splitlines() if 'error: ' in line]
        return status, (lines or errors or [''])[-1], written.out + written.err

    return run


@pytest.mark.parametrize('mistake', MISTAKES, ids=lambda it: it.what)
def test_a_mistake_is_answered_in_one_line_with_the_cure(mistake, places, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    for name in ('RANK', 'STUDENT', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    if mistake.what == 'a GPU that is not there' or '--amp' in mistake.words:
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    status, line, written = told(mistake.tool, mistake.words.format(**places).split())
    assert status not in (0, None)
    for part in mistake.told:
        assert re.search(re.escape(part.format(**places)), line), f'{part!r} is not in {line!r}'
    assert 'Traceback' not in written and len(line) < 600


def test_mistakes_are_forty_and_differ():
    assert len({mistake.what for mistake in MISTAKES}) == len(MISTAKES) >= 40


def test_the_page_has_a_row_for_each_mistake_with_what_is_told():
    rows = dict(re.findall(r'^\| (.+?) \| (.+) \|$', PAGE.read_text(encoding='utf-8'), re.MULTILINE))
    for mistake in MISTAKES:
        for part in mistake.told:
            assert '{' in part or part in rows[mistake.what].replace('`', ''), (mistake.what, part)
    assert rows.keys() - {'Mistake', '---'} == {mistake.what for mistake in MISTAKES}
