"""The attention layer against loops over windows and pairs written from the equations."""

import pytest
import torch
from swin3d_ops.voxel_index import unique_voxels

from swin3d_mmdet3d.models.layers import WindowAttention, WindowStage, attention_windows
from swin3d_mmdet3d.models.layers.table_scales import add_table_scales
from swin3d_mmdet3d.structures import Prompt, SparseVoxels

WINDOW, QUANT = 3, 4


def voxels_with_signals(num_points=120, stride=2):
    batch = torch.arange(num_points) % 2
    grid = torch.randint(-6, 6, (num_points, 3))
    coords, _ = unique_voxels(torch.cat([batch[:, None], grid], dim=1))
    coords = coords.clone()
    coords[:, 1:] *= stride
    n = len(coords)
    signals = {
        'xyz': coords[:, 1:] + torch.rand(n, 3, dtype=torch.float64) * stride,
        'rgb': (torch.rand(n, 3, dtype=torch.float64) * 2 - 1) / 1.001,
        'normal': (torch.rand(n, 3, dtype=torch.float64) * 2 - 1) / 1.001,
    }
    return SparseVoxels(coords, 2, stride=stride, signals=signals)


def naive_attention(layer, feats, voxels, shift, scales=None):
    """Section 3.2 of the paper, in loops, with the original code's unscaled key term.

    The tables of logits and of values are scaled at each signal and head where `scales`, (2, S, H), is given.
    """
    scales = torch.ones(2, len(layer.signals), layer.num_heads) if scales is None else scales
    heads, width = layer.num_heads, feats.shape[1] // layer.num_heads
    q, k, v = layer.qkv(feats).view(len(feats), 3, heads, width).unbind(1)
    stride = voxels.stride
    grid = voxels.coords[:, 1:] // stride + shift
    window = torch.cat([voxels.coords[:, :1], torch.div(grid, WINDOW, rounding_mode='floor')], dim=1)
    position = (voxels.signals['xyz'] / stride + shift) - window[:, 1:] * WINDOW
    values = {'xyz': position * QUANT}
    for name in ('rgb', 'normal'):
        values[name] = voxels.signals[name] * 2 * QUANT
    half = {'xyz': WINDOW * QUANT, 'rgb': 4 * QUANT, 'normal': 4 * QUANT}
    out = torch.zeros_like(q)
    for i in range(len(feats)):
        logits, terms = [], []
        for j in range(len(feats)):
            if not torch.equal(window[i], window[j]):
                continue
            bias = {role: 0 for role in ('query', 'key', 'value')}
            for signal, name in enumerate(layer.signals):
                of_logits, of_values = scales[:, signal, :, None]
                for axis in range(3):
                    row = int((values[name][i, axis] - values[name][j, axis] + half[name]).floor())
                    row = min(max(row, 0), 2 * half[name] - 1)
                    for role in bias:
                        table = getattr(layer, f'{role}_{"norm" if name == "normal" else name}_table')
                        scale = of_values if role == 'value' else of_logits
                        bias[role] = bias[role] + scale * table[axis, row]
            scaled = q[i] * width**-0.5
            logits.append((scaled * (k[j] + bias['query'])).sum(-1) + (k[j] * bias['key']).sum(-1))
            terms.append(v[j] + bias['value'])
        weight = torch.stack(logits).softmax(0)
        out[i] = (weight[..., None] * torch.stack(terms)).sum(0)
    return layer.proj(out.flatten(1))


@pytest.mark.parametrize('signals', [('xyz',), ('xyz', 'rgb'), ('xyz', 'normal'), ('xyz', 'rgb', 'normal')])
@pytest.mark.parametrize('shift', [0, 1])
def test_layer_equals_the_loops_for_every_subset_of_signals(signals, shift):
    layer = WindowAttention(8, 2, WINDOW, QUANT, signals).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    voxels = voxels_with_signals()
    feats = torch.randn(len(voxels), 8, dtype=torch.float64)
    windows = attention_windows(voxels, WINDOW, shift, QUANT, signals)
    torch.testing.assert_close(layer(feats, windows), naive_attention(layer, feats, voxels, shift))


@pytest.mark.parametrize('condition', ['a', 'b'])
def test_scaled_tables_give_the_scaled_terms_of_the_condition_in_the_loops(condition):
    layer = WindowAttention(8, 2, WINDOW, QUANT, ('xyz', 'normal'))
    add_table_scales(layer, ['a', 'b'])
    for parameter in layer.double().parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    voxels = voxels_with_signals()
    feats = torch.randn(len(voxels), 8, dtype=torch.float64)
    windows = attention_windows(voxels, WINDOW, 0, QUANT, layer.signals)
    expected = naive_attention(layer, feats, voxels, 0, 1 + layer.table_scales.offsets[condition])
    out = layer(feats, windows, prompt=Prompt(condition))
    torch.testing.assert_close(out, expected)
    parameters = dict(layer.named_parameters())
    own = [p for name, p in parameters.items() if name != f'table_scales.offsets.{"ab".strip(condition)}']
    grad = torch.randn_like(out)
    for got, truth in zip(torch.autograd.grad(out, own, grad), torch.autograd.grad(expected, own, grad)):
        torch.testing.assert_close(got, truth)
    with pytest.raises(ValueError, match='voxels must carry a prompt'):
        layer(feats, windows)


def test_second_block_sees_windows_shifted_by_half():
    coords = torch.zeros(8, 4, dtype=torch.long)
    coords[:, 1] = torch.arange(8)
    voxels = SparseVoxels(coords, 1, signals={'xyz': coords[:, 1:] + 0.5})
    stage = WindowStage(4, 1, 4, 4, ('xyz',), [0.0, 0.0])
    seen = []
    for block in stage.blocks:
        block.register_forward_hook(lambda module, inputs, out: seen.append(inputs[2].index))
    stage(torch.randn(8, 4), voxels)
    groups = [sorted(sorted(part.tolist()) for part in w.order.split(w.ptr.diff().tolist())) for w in seen]
    assert groups == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[0, 1], [2, 3, 4, 5], [6, 7]]]


def test_stages_do_not_mix_scenes():
    voxels = voxels_with_signals()
    stage = WindowStage(8, 2, WINDOW, QUANT, ('xyz', 'rgb'), [0.0, 0.0]).double()
    feats = torch.randn(len(voxels), 8, dtype=torch.float64)
    alone = (voxels.coords[:, 0] == 0).nonzero().flatten()
    first = SparseVoxels(
        voxels.coords[alone],
        1,
        stride=voxels.stride,
        signals={k: s[alone] for k, s in voxels.signals.items()},
    )
    torch.testing.assert_close(stage(feats, voxels)[alone], stage(feats[alone], first))


def test_missing_signal_is_refused():
    voxels = SparseVoxels(torch.zeros(1, 4, dtype=torch.int32), 1, signals={'xyz': torch.zeros(1, 3)})
    with pytest.raises(ValueError, match=r"voxels must carry the signals \('xyz', 'rgb'\)"):
        attention_windows(voxels, 3, 0, 4, ('xyz', 'rgb'))


@pytest.mark.parametrize('signals', [('rgb',), ('xyz', 'height'), ('xyz', 'xyz')])
def test_wrong_signal_names_are_refused(signals):
    with pytest.raises(ValueError, match='signals must be distinct names'):
        WindowAttention(8, 2, 3, 4, signals)


def test_heads_must_divide_the_channels():
    with pytest.raises(ValueError, match='channels must be divisible by num_heads, got 8 and 3'):
        WindowAttention(8, 3, 3)
