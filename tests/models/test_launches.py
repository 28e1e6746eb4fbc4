"""Operators that compute, each a launch or more on a GPU: a block has few, a network no more than counted."""

import collections
import contextlib

import pytest
import torch
from launch_count import LaunchCount
from mmdet3d.registry import MODELS
from mmengine.config import Config
from swin3d_ops import autocast
from swin3d_ops.voxel_index import unique_voxels

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.apis import find_config
from swin3d_mmdet3d.models.layers import Swin3DBlock, attention_windows
from swin3d_mmdet3d.structures import SparseVoxels

SECTIONS = dict(
    products='addmm mm', gelu='gelu gelu_backward', bias_sums='sum', weighted_sums='add add_ addcmul mul',
    norms=' '.join(f'native_{kind}_norm{way}' for kind in ('layer', 'batch') for way in ('', '_backward')),
    joins='cat stack', casts='_to_copy _foreach_copy_', random='rand ge_ div_',
)  # fmt: skip


def by_section(count):
    """Launches of each section; an own operator counts one, for what is in it other tests count."""

    def section(name):
        if not hasattr(torch.ops.aten, name):
            return 'own'
        return next((key for key, names in SECTIONS.items() if name in names.split()), 'others')

    return collections.Counter(map(section, count.launches))


@pytest.fixture(autouse=True)
def layers_of_a_gpu(monkeypatch):
    """Linear layers take torch's operators on a GPU; attention, search and resampling own kernels."""
    monkeypatch.setenv('SWIN3D_OPS', 'row_linear=torch,block_mlp=torch')


@pytest.fixture
def level():
    """Features and voxels of a scene that has five levels."""
    generator = torch.Generator().manual_seed(0)
    cells = torch.randint(0, 50, (400, 4), generator=generator)
    cells[:, 0] = 0
    cells[:, 3] = cells[:, 1] // 2
    coords, _ = unique_voxels(cells)
    xyz = coords[:, 1:] + torch.rand(len(coords), 3, generator=generator)
    rgb = (torch.rand(len(coords), 3, generator=generator) * 2 - 1) / 1.001
    return torch.randn(len(coords), 6, generator=generator), SparseVoxels(
        coords, 1, signals=dict(xyz=xyz, rgb=rgb)
    )


def both_passes(run, autocast=None):
    """Counts of the forward and of the backward pass."""
    mode = contextlib.nullcontext() if autocast is None else torch.autocast('cpu', autocast)
    with mode, LaunchCount() as forward:
        out = run()
    grad = torch.randn_like(out)
    with LaunchCount() as backward:
        out.backward(grad)
    return by_section(forward), by_section(backward)


def block_passes(level, autocast=None):
    feats, voxels = torch.randn(len(level[1]), 48).requires_grad_(), level[1]
    windows = attention_windows(voxels, 5, 0, 4, ('xyz', 'rgb'))
    block, weights = Swin3DBlock(48, 6, 5), torch.rand(2, len(feats)).round() * 2
    return both_passes(lambda: block(feats, voxels, windows, weights), autocast)


def test_a_block_is_two_norms_four_products_two_sums_and_little_else(level):
    forward, backward = block_passes(level)
    assert forward == dict(norms=2, products=4, gelu=1, weighted_sums=2, joins=1, own=1)
    # products: one each of inputs and weights, and the feed-forward's first again, as its norm;
    # sums: two row weights, two meetings of branch and residual;
    # the join is that of gradients of queries, keys and values that the CPU kernels keep apart
    assert backward == dict(norms=3, products=9, gelu=2, bias_sums=4, weighted_sums=4, joins=1, own=1)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_mixed_precision_adds_a_block_a_cast_of_each_layer_of_weights_and_of_each_norm(
    level, dtype, monkeypatch
):
    monkeypatch.setattr(autocast, 'WIDENING_DEVICES', frozenset())  # the rule of a GPU
    forward, backward = block_passes(level, dtype)
    assert forward == dict(norms=2, products=4, gelu=1, weighted_sums=2, joins=1, own=1, casts=5)
    casts = backward.pop('casts')
    # gradients of four weights and two norms, which a GPU's products give in float32, and the norm that is
    # computed again
    assert casts == 7
    assert backward == dict(norms=3, products=9, gelu=2, bias_sums=4, weighted_sums=4, joins=1, own=1)


@pytest.fixture
def swin3d_s():
    config = Config.fromfile(find_config('_base_/backbones/swin3d-small'))
    torch.manual_seed(0)
    return MODELS.build(config.encoder), MODELS.build(config.decoder)


def test_a_step_of_swin3d_s_launches_no_more_than_counted(level, swin3d_s):
    encoder, decoder = swin3d_s
    forward, backward = both_passes(lambda: decoder(encoder(*level))[0])
    blocks, pooled, upsampled = 23 + 4, 4, 4
    products = 4 * blocks + 2 * upsampled  # those of the pooling are own operators
    norms = 2 * blocks + pooled + 2 * upsampled + 1
    exact = dict(products=products, norms=norms, gelu=blocks)
    assert {key: forward[key] for key in exact} == exact
    exact = dict(products=2 * products + blocks, norms=norms + blocks, gelu=2 * blocks, bias_sums=products)
    assert {key: backward[key] for key in exact} == exact
    assert forward['random'] <= 3 * (5 + 4)  # three a stage
    assert sum(forward.values()) <= 735 and sum(backward.values()) <= 702
