"""NaN and infinity are found in every place of a network's weights and outputs, and named."""

from dataclasses import dataclass

import pytest
import torch
from mmdet3d.structures import Det3DDataSample

from swin3d_mmdet3d.finite_values import check_finite_outputs, check_finite_weights

NAN, INF = float('nan'), float('inf')


@dataclass
class Maps:
    level: tuple
    count: int = 3


def scan(**metainfo):
    return Det3DDataSample(metainfo=metainfo)


@pytest.mark.parametrize('value', [NAN, INF, -INF])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float64])
def test_bad_weights_are_named_and_counted(value, dtype):
    state = {f'w{i}': torch.zeros(3, dtype=dtype) for i in range(9)} | {'steps': torch.tensor(3)}
    check_finite_weights(state, 'x.pth')
    state['w4'][1] = value
    with pytest.raises(ValueError, match=r'x.pth: w4 has NaN or infinite values \(1 of 10 tensors\)'):
        check_finite_weights(state, 'x.pth')
    for tensor in state.values():
        tensor.fill_(value) if tensor.is_floating_point() else None
    with pytest.raises(ValueError, match=r'w0, w1, w2, w3, w4, w5, and 3 more has NaN'):
        check_finite_weights(state, 'x.pth')


@pytest.mark.parametrize(
    'wrap',
    [
        lambda x: x,
        lambda x: [torch.zeros(2), (x,)],
        lambda x: {'a': {'b': x}},
        lambda x: Maps(level=(x, 'text', None, torch.arange(3))),
    ],
)
def test_bad_outputs_are_found_in_any_nest(wrap):
    check_finite_outputs(wrap(torch.zeros(4)), [scan()])
    with pytest.raises(ValueError, match='2 of 4 outputs of the network are NaN or infinite in scan 0'):
        check_finite_outputs(wrap(torch.tensor([0, NAN, INF, 1])), [scan()])


def test_scans_are_named_by_file_or_scene_or_number():
    samples = [scan(lidar_path='a/b.bin', scene='b'), scan(scene='c'), scan(sample_idx=0), scan()]
    with pytest.raises(ValueError, match='in a/b.bin or c or 0 or scan 3'):
        check_finite_outputs(torch.tensor(NAN), samples)


def test_tensors_without_values_are_not_looked_at():
    check_finite_weights({'w': torch.empty(3, device='meta')}, 'a network on the meta device')
