"""Mixed precision and plain half precision: parameters and interpolation weights keep their 24 bits."""

import copy

import pytest
import torch
from swin3d_ops import available_backends, window_attention
from torch import nn

from swin3d_mmdet3d.models.backbones.swin3d import KNNDownsample
from swin3d_mmdet3d.models.dense_heads.cagroup3d.class_aware_grouping import group_class_points
from swin3d_mmdet3d.models.layers import WindowAttention, attention_windows, interpolate_at
from swin3d_mmdet3d.models.layers.norms import LayerNorm
from swin3d_mmdet3d.models.layers.prompt_norm import PromptNorm
from swin3d_mmdet3d.models.layers.table_scales import add_table_scales
from swin3d_mmdet3d.models.necks.swin3d_decoder import Upsample
from swin3d_mmdet3d.structures import Prompt, SparseVoxels

SIGNALS = ('xyz', 'rgb')


@pytest.fixture(params=['reference', 'torch', 'cpu'])
def backend(request, monkeypatch):
    reasons = [available_backends(op)[request.param] for op in ('window_attention', 'interpolate', 'knn')]
    if any(reasons):
        pytest.skip(str(reasons))
    monkeypatch.setenv('SWIN3D_OPS', request.param)


def voxels(num=60, stride=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coords = torch.zeros(num, 4, dtype=torch.int64)
    coords[:, 1] = torch.arange(num) * stride
    xyz = coords[:, 1:] + torch.rand(num, 3, generator=generator) * stride
    rgb = torch.rand(num, 3, generator=generator) * 2 - 1
    return SparseVoxels(coords, 1, stride=stride, signals=dict(xyz=xyz, rgb=rgb / 1.001))


def attention():
    layer = WindowAttention(16, 2, 5, 4, SIGNALS)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


def half_autocast():
    return torch.autocast('cpu', torch.bfloat16)


def test_tables_stay_float32_under_autocast(backend, monkeypatch):
    layer, places = attention(), voxels()
    windows = attention_windows(places, 5, 0, 4, SIGNALS)
    feats, calls = torch.randn(60, 16), []

    def record(*arguments):
        calls.append((arguments, window_attention(*arguments)))
        return calls[-1][1]

    monkeypatch.setattr('swin3d_mmdet3d.models.layers.window_attention.window_attention', record)
    with half_autocast():
        got = layer(feats, windows)
        ((q, k, v, *tables, _, _, _), mixed), qkv = calls[0], layer.qkv(feats)
    assert all(map(torch.equal, tables, layer.tables()))
    assert (torch.stack([q, k, v], dim=1).flatten(1) - qkv).abs().max() <= 2**-7 * qkv.abs().max()
    with half_autocast():
        expected = layer.proj(mixed.flatten(1))
    assert expected.dtype == torch.bfloat16 and got.dtype == torch.float32
    assert (got - expected).abs().max() <= 2**-7 * expected.abs().max()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_attention_on_a_gpu_gets_and_gives_16_bits_under_autocast(monkeypatch, dtype):
    monkeypatch.setenv('SWIN3D_OPS', 'torch')
    layer, places = attention(), voxels()
    windows = attention_windows(places, 5, 0, 4, SIGNALS)
    feats, calls = torch.randn(60, 16), []
    exact = layer(feats, windows, None, feats)

    def record(*arguments):
        calls.append((*arguments[:6], window_attention(*arguments)))
        return calls[-1][-1]

    monkeypatch.setattr('swin3d_mmdet3d.models.layers.window_attention.window_attention', record)
    monkeypatch.setattr('swin3d_ops.autocast.WIDENING_DEVICES', frozenset())
    with torch.autocast('cpu', dtype):
        got = layer(feats, windows, None, feats)
    assert [tensor.dtype for tensor in calls[0]] == [dtype] * 3 + [torch.float32] * 3 + [dtype]
    assert got.dtype == torch.float32
    assert (got - exact).abs().mean() <= 2**-6 * (exact - feats).abs().max()
    got.sum().backward()
    assert all(weight.grad.dtype == torch.float32 for weight in layer.parameters())


def test_interpolation_weights_sum_to_one_under_autocast(backend):
    fine, coarse = voxels(), voxels(20, stride=3, seed=1)
    layer = Upsample(8, 4)
    for linear, value in ((layer.linear1[1], 0.0), (layer.linear2[1], 1.0)):
        nn.init.zeros_(linear.weight)
        nn.init.constant_(linear.bias, value)
    with half_autocast():
        sums = layer(torch.randn(20, 8), coarse, torch.randn(60, 4), fine)
    assert (sums - 1).abs().max() <= 1e-6


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_layers_in_another_precision_without_autocast(backend, dtype):
    fine, coarse = voxels(), voxels(20, stride=3, seed=1)
    parent = torch.arange(60) // 3
    windows = attention_windows(fine, 5, 0, 4, SIGNALS)
    calls = (
        (attention(), lambda layer, x, y: layer(x, windows)),
        (KNNDownsample(16, 16), lambda layer, x, y: layer(x, fine, coarse, parent)),
        (Upsample(16, 16), lambda layer, x, y: layer(y, coarse, x, fine)),
    )
    for layer, call in calls:
        inputs = torch.randn(60, 16), torch.randn(20, 16)
        expected = call(layer, *inputs)
        got = call(copy.deepcopy(layer).to(dtype), *(x.to(dtype) for x in inputs))
        assert got.dtype == dtype
        tolerance = 0.05 if dtype == torch.bfloat16 else 0.01
        assert (got - expected).abs().mean() <= tolerance * expected.abs().mean()


def test_trilinear_weights_sum_to_one_in_half_precision():
    corners = torch.cartesian_prod(torch.zeros(1).long(), *[torch.arange(2)] * 3) * 7
    points = torch.cartesian_prod(torch.zeros(1).long(), *[torch.arange(7)] * 3)
    feats = torch.ones(8, 1, dtype=torch.bfloat16) * 256
    got = interpolate_at((feats, SparseVoxels(corners, 1, stride=7)), points)
    assert got.dtype == torch.bfloat16 and got.eq(256).all()


def test_means_of_many_points_do_not_overflow_in_half_precision():
    num = 3000
    feats = (torch.randn(num, 4, generator=torch.Generator().manual_seed(0)) + 30).half()
    where = torch.zeros(num, 3), torch.zeros(num, dtype=torch.int64), torch.zeros(num, dtype=torch.int64)
    for mean, _ in group_class_points(*where, feats, 1, torch.ones(1, 3)):
        torch.testing.assert_close(mean, feats.double().mean(0, keepdim=True).half())


def test_prompt_scales_are_not_rounded_under_autocast():
    norm = PromptNorm(LayerNorm(4), ('a',), prompt_channels=6)
    nn.init.normal_(norm.modulation.weight, std=1e-3)
    coords = torch.zeros(9, 4, dtype=torch.int64)
    voxels = SparseVoxels(coords, 1, prompt=Prompt('a', torch.randn(6)))
    feats = torch.randn(9, 4)
    with half_autocast():
        got = norm(feats, voxels)
    assert torch.equal(got, norm(feats, voxels))


def test_scales_of_tables_are_not_rounded_under_autocast(backend):
    layer, places = attention(), voxels()
    feats, windows = torch.randn(60, 16), attention_windows(places, 5, 0, 4, SIGNALS)
    (scales,) = add_table_scales(layer, ('a',))
    nn.init.normal_(scales.offsets['a'], std=1e-3)
    with half_autocast():
        scaled, tables = layer(feats, windows, prompt=Prompt('a')), layer.tables(Prompt('a'))
    assert all(map(torch.equal, tables, layer.tables(Prompt('a'))))
    folded = layer.named_tables(Prompt('a'))
    layer.table_scales = None
    assert not any(map(torch.equal, tables, layer.tables()))
    layer.load_state_dict(folded, strict=False)
    with half_autocast():
        assert torch.equal(scaled, layer(feats, windows))
