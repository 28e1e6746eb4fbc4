"""A published file has the weights bit for bit, loads without pickle and is named after its bytes."""

import hashlib

import pytest
import torch
from tiny_training import tiny_runner

from swin3d_mmdet3d.checkpoints import load_strictly, read_checkpoint
from swin3d_mmdet3d.shipped_models import SHIPPED_MODELS
from swin3d_mmdet3d.tools.publish_model import main, publish


def test_a_checkpoint_of_a_run_becomes_slim_and_safe(tmp_path):
    runner = tiny_runner(tmp_path / 'run', 2, model=dict(ballast=5000))
    runner.train()
    source = tmp_path / 'run' / 'iter_2.pth'
    assert main([str(source), str(tmp_path / 'room.pth')]) == 0
    (path,) = tmp_path.glob('room*')
    assert path.name == f'room-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth'
    content = torch.load(path, weights_only=True)
    assert set(content) == {'meta', 'state_dict'} and path.stat().st_size < source.stat().st_size
    assert content['meta']['iter'] == 2 and content['meta']['mmengine_version']
    weights, _ = read_checkpoint(path)
    load_strictly(runner.model, weights, str(path))
    for name, weight in read_checkpoint(source)[0].items():
        torch.testing.assert_close(weights[name], weight, rtol=0, atol=0)


def test_classes_stay_and_the_config_may_be_given(tmp_path):
    meta = dict(dataset_meta=dict(classes=('a', 'b'), palette=[(1, 2, 3), (4, 5, 6)], label2cat={0: 'a'}))
    torch.save(dict(state_dict=dict(w=torch.zeros(2)), optimizer={}, meta=meta), tmp_path / 'x.pth')
    content = torch.load(
        publish(str(tmp_path / 'x.pth'), str(tmp_path / 'y'), 'model = 1'), weights_only=True
    )
    assert content['meta']['dataset_meta'] == dict(classes=['a', 'b'], palette=[[1, 2, 3], [4, 5, 6]])
    assert content['meta']['cfg'] == 'model = 1'


def test_bad_weights_are_not_published(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.full((2,), torch.nan))), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='x.pth: w has NaN'):
        main([str(tmp_path / 'x.pth'), str(tmp_path / 'y.pth')])
    assert [path.name for path in tmp_path.iterdir()] == ['x.pth']


def test_half_rounds_matrices_to_the_nearest_float16_and_keeps_vectors_and_counts(tmp_path):
    """Of 11 bits: 1 + 2^-12 lies nearer to 1, 1 + 3 * 2^-12 to 1 + 2^-10."""
    exact = torch.tensor([[1.0, 1 + 2**-12], [1 + 3 * 2**-12, -65504.0]], dtype=torch.float64)
    variance = torch.tensor([1 + 2**-20, 70000.0])
    weights = dict(w=exact, variance=variance, count=torch.tensor(70000))
    torch.save(dict(state_dict=weights), tmp_path / 'x.pth')
    assert main([str(tmp_path / 'x.pth'), str(tmp_path / 'y.safetensors'), '--half']) == 0
    (path,) = tmp_path.glob('y-*.safetensors')
    rounded, _ = read_checkpoint(path)
    expected = torch.tensor([[1.0, 1.0], [1 + 2**-10, -65504.0]], dtype=torch.float16)
    torch.testing.assert_close(rounded['w'], expected, rtol=0, atol=0)
    torch.testing.assert_close(rounded['variance'], variance, rtol=0, atol=0)
    assert rounded['count'].item() == 70000


def test_weights_beyond_float16_are_not_published_in_it(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.tensor([[1.0, 70000.0]]))), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='float16: w has NaN or infinite'):
        publish(str(tmp_path / 'x.pth'), str(tmp_path / 'y.pth'), half=True)


def test_weights_of_the_package_are_published_by_name(tmp_path):
    name = SHIPPED_MODELS['det'].checkpoint
    assert main([name, str(tmp_path / 'boxes.pth')]) == 0
    (path,) = tmp_path.glob('boxes-*.pth')
    assert read_checkpoint(path)[0].keys() == read_checkpoint(name)[0].keys()
