"""No command runs the code of a checkpoint or an info file that is not trusted; its refusal is one line."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from height_segmentor import write_height_model
from hostile_files import RunsCode, bytes_of
from mmdet3d.registry import DATASETS
from mmengine.logging import HistoryBuffer
from official_swin3d import tensors
from tiny_scenes import write_tiny_s3dis
from tiny_training import Scans

from swin3d_mmdet3d.apis import Swin3DInferencer
from swin3d_mmdet3d.checkpoints import CheckpointError, read_checkpoint
from swin3d_mmdet3d.datasets.layout.infos import read_info_file
from swin3d_mmdet3d.pickle_trust import TRUST_VARIABLE
from swin3d_mmdet3d.tools import convert_checkpoint, predict, publish_model, test, train

ROOT = Path(__file__).parents[2]
TRAINING = """
default_scope = 'mmdet3d'
model = dict(type='TinyModel')
train_dataloader = dict(
    dataset=dict(type='TinyScans'), batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler'))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
default_hooks = dict(checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=1))
log_level = 'WARNING'
"""
zipped_or_not = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])


@pytest.fixture(autouse=True)
def no_trust(monkeypatch):
    monkeypatch.setenv(TRUST_VARIABLE, '0')  # put back afterwards, whatever a command sets


@pytest.fixture
def witness(tmp_path):
    """A file that is there when code has run."""
    return tmp_path / 'ran'


@pytest.fixture
def height(tmp_path, witness):
    """Config and evil checkpoint of a segmentor."""
    config, checkpoint = write_height_model(tmp_path)

    def write(zipped):
        content = torch.load(checkpoint, weights_only=True)
        checkpoint.write_bytes(bytes_of({**content, 'extra': RunsCode(witness)}, zipped))
        return str(config), str(checkpoint)

    return write


@zipped_or_not
def test_predict_refuses_and_obeys(tmp_path, witness, height, zipped):
    config, checkpoint = height(zipped)
    (tmp_path / 'a.txt').write_text('0 0 0\n1 1 1\n2 2 2.5\n')
    arguments = [str(tmp_path / 'a.txt'), '--config', config, '--checkpoint', checkpoint]
    assert predict.main([*arguments, '--out', str(tmp_path / 'out')]) == 1
    assert not witness.exists() and not (tmp_path / 'out').exists()
    assert predict.main([*arguments, '--out', str(tmp_path / 'out'), '--trust-pickle']) == 0
    assert witness.exists() and (tmp_path / 'out' / 'a.npz').exists()


@zipped_or_not
def test_an_inferencer_refuses(witness, height, zipped):
    with pytest.raises(CheckpointError, match='names .*--trust-pickle or SWIN3D_TRUST_PICKLE=1'):
        Swin3DInferencer(*height(zipped))
    assert not witness.exists()


@zipped_or_not
def test_convert_checkpoint_refuses_and_obeys(tmp_path, witness, zipped):
    source, target = tmp_path / 'in.pth', tmp_path / 'out.safetensors'
    weights = {f'module.{key}': value for key, value in tensors('tiny_rgb', 'weight').items()}
    source.write_bytes(bytes_of({'state_dict': weights, 'extra': RunsCode(witness)}, zipped))
    arguments = [str(source), str(target)]
    assert convert_checkpoint.main(arguments) == 1
    assert not witness.exists() and not target.exists()
    assert convert_checkpoint.main([*arguments, '--trust-pickle']) == 0
    assert witness.exists() and len(read_checkpoint(target)[0]) == 239


def test_publish_model_refuses_and_obeys_and_leaves_other_files_alone(tmp_path, witness):
    source, other = tmp_path / 'in.pth', tmp_path / 'out.safetensors'
    source.write_bytes(bytes_of({'state_dict': {'w': torch.ones(2)}, 'extra': RunsCode(witness)}))
    other.write_text('mine')
    with pytest.raises(CheckpointError, match='names .*--trust-pickle'):
        publish_model.main([str(source), str(other)])
    assert not witness.exists()
    assert publish_model.main([str(source), str(other), '--trust-pickle']) == 0
    assert witness.exists() and other.read_text() == 'mine'
    (made,) = tmp_path.glob('out-*.safetensors')
    assert made.stem == f'out-{hashlib.sha256(made.read_bytes()).hexdigest()[:8]}'
    assert read_checkpoint(made)[0]['w'].tolist() == [1, 1]


@pytest.fixture
def training(tmp_path):
    """A config file, and the checkpoint of its training with whatever else."""
    DATASETS.register_module(name='TinyScans', module=Scans, force=True)
    config = tmp_path / 'tiny.py'
    config.write_text(TRAINING)

    def write(extra, zipped=True):
        source = tmp_path / 'source'
        train.main([str(config), '--work-dir', str(source)])
        content = torch.load(source / 'iter_1.pth', weights_only=True)
        content['message_hub']['log_scalars'] = {'train/loss': HistoryBuffer([0.5], [1])}
        checkpoint = tmp_path / 'from_others.pth'
        checkpoint.write_bytes(bytes_of({**content, **extra}, zipped))
        return str(config), str(checkpoint)

    return write


@pytest.mark.parametrize('way', ['resume', 'load_from'])
@zipped_or_not
def test_train_refuses_and_obeys(tmp_path, witness, training, way, zipped):
    config, checkpoint = training({'extra': RunsCode(witness)}, zipped)
    arguments = [config, '--work-dir', str(tmp_path / 'work')]
    arguments += {
        'resume': ['--resume', checkpoint],
        'load_from': ['--cfg-options', f'load_from={checkpoint}'],
    }[way]
    with pytest.raises(CheckpointError, match='names .*--trust-pickle'):
        train.main(arguments)
    assert not witness.exists()
    train.main([*arguments, '--trust-pickle'])
    assert witness.exists() and (tmp_path / 'work' / 'iter_2.pth').exists()


def test_train_resumes_stock_checkpoints_with_histories_and_arrays(tmp_path, training):
    config, checkpoint = training({'arrays': [np.arange(3), np.float64(2)]})
    train.main([config, '--work-dir', str(tmp_path / 'work'), '--resume', checkpoint])
    hub = torch.load(tmp_path / 'work' / 'iter_2.pth', weights_only=True)['message_hub']
    assert hub['log_scalars']['train/loss']['log_history'][0] == 0.5


def test_resuming_does_not_execute_the_config_in_a_checkpoint(tmp_path, witness, training):
    """mmengine's runner builds a config of the text under meta['config']: it is Python."""
    text = f'import pathlib\npathlib.Path({str(witness)!r}).touch()\na = 1\n'
    config, checkpoint = training({})
    content = torch.load(checkpoint, weights_only=False)
    content['meta']['config'] = text
    torch.save(content, checkpoint)
    train.main([config, '--work-dir', str(tmp_path / 'work'), '--resume', checkpoint])
    assert not witness.exists() and (tmp_path / 'work' / 'iter_2.pth').exists()


@zipped_or_not
def test_test_refuses(tmp_path, witness, height, zipped, monkeypatch):
    config, checkpoint = height(zipped)
    write_tiny_s3dis(tmp_path / 'data')
    text = Path(config).read_text() + (
        "test_cfg = dict(type='TestLoop')\ntest_evaluator = dict(type='ConfusionSegMetric')\n"
        f"data_root = {str(tmp_path / 'data')!r}\nlog_level = 'WARNING'\n"
        'test_dataloader.update(batch_size=1, num_workers=0)\n'
        "test_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=False)\n"
        "test_dataloader['dataset'].update(ann_file='s3dis_infos_Area_5.pkl', data_root=data_root)\n"
        "test_dataloader['dataset']['test_mode'] = True\n"
    )
    Path(config).write_text(text)
    arguments = [config, checkpoint, '--work-dir', str(tmp_path / 'work')]
    with pytest.raises(CheckpointError, match='names .*--trust-pickle'):
        test.main(arguments)
    assert not witness.exists()
    test.main([*arguments, '--trust-pickle'])
    assert witness.exists()


@pytest.mark.slow
def test_the_refusal_of_a_process_is_one_line(tmp_path, witness, training):
    config, checkpoint = training({'extra': RunsCode(witness)})
    Path(config).write_text(
        "custom_imports = dict(imports=['tiny_training', 'registers_scans'])\n" + TRAINING
    )
    (tmp_path / 'registers_scans.py').write_text(
        'from mmdet3d.registry import DATASETS\nfrom tiny_training import Scans\n'
        "DATASETS.register_module(name='TinyScans', module=Scans)\n"
    )
    path = ':'.join(map(str, [ROOT, ROOT / 'ops', ROOT / 'tests/fixtures', tmp_path]))
    done = subprocess.run(
        [sys.executable, '-m', 'swin3d_mmdet3d.tools.train', config, '--resume', checkpoint],
        cwd=tmp_path,
        env={'PYTHONPATH': path, 'PATH': '/usr/bin:/bin', 'OMP_NUM_THREADS': '1', 'HOME': str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and not witness.exists()
    assert 'Traceback' not in done.stdout + done.stderr
    lines = [line for line in (done.stdout + done.stderr).splitlines() if '--trust-pickle' in line]
    assert len(lines) == 1 and str(checkpoint) in lines[0]


def evil_infos(witness, protocol):
    entry = dict(lidar_points=dict(lidar_path='a.bin'), instances=[], extra=RunsCode(witness))
    return pickle.dumps(dict(metainfo={}, data_list=[entry]), protocol)


@pytest.mark.parametrize('protocol', [2, 4])
def test_an_info_file_runs_no_code(tmp_path, witness, protocol):
    path = tmp_path / 's3dis_infos_Area_5.pkl'
    path.write_bytes(evil_infos(witness, protocol))
    with pytest.raises(ValueError, match=r'info file .*s3dis_infos_Area_5.pkl must be .* it names '):
        read_info_file(path)
    assert not witness.exists()


@pytest.mark.parametrize('kind', ['S3DISWholeSceneDataset', 'S3DISDetDataset', 'RGBDSceneDataset'])
@pytest.mark.parametrize('backend', [None, dict(backend='local')])
def test_no_data_set_runs_the_code_of_its_info_file(tmp_path, witness, kind, backend):
    (tmp_path / 'a.pkl').write_bytes(evil_infos(witness, 4))
    settings = dict(data_root=str(tmp_path), ann_file='a.pkl')
    if kind != 'RGBDSceneDataset':
        settings['backend_args'] = backend
    with pytest.raises(ValueError, match='a.pkl must be a pickle of plain types'):
        DATASETS.build(dict(type=kind, pipeline=[], **settings))
    assert not witness.exists()
