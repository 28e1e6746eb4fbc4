"""Counted operations are those of the formulas: of layers by hand, of whole networks by their parts."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from swin3d_mmdet3d.apis import find_config
from swin3d_mmdet3d.evaluation import network_cost
from swin3d_mmdet3d.models.layers.sparse_conv import SparseConv3d
from swin3d_mmdet3d.models.layers.window_attention import WindowAttention, attention_windows
from swin3d_mmdet3d.structures import SparseVoxels
from swin3d_mmdet3d.tools.benchmark import boxes_room, model_points


@pytest.fixture
def voxels():
    """60 voxels of two scenes, dense enough for neighbours."""
    generator = torch.Generator().manual_seed(0)
    cells = torch.unique(
        torch.randint(0, 5, (120, 4), generator=generator) % torch.tensor([2, 5, 5, 5]), dim=0
    )
    xyz = cells[:, 1:] + 0.5
    signals = dict(xyz=xyz.float(), rgb=torch.rand(len(cells), 3, generator=generator) - 0.5)
    return SparseVoxels(cells.int(), 2, voxel_size=0.1, signals=signals)


def counted(run):
    counter = FlopCounterMode(display=False, custom_mapping=network_cost.formulas())
    with torch.no_grad(), counter:
        run()
    return counter.get_total_flops()


def test_a_sparse_convolution_is_two_operations_a_pair_and_a_pair_of_channels(voxels):
    layer, feats = SparseConv3d(5, 7), torch.zeros(len(voxels), 5)
    cells = {tuple(row) for row in voxels.coords.tolist()}
    pairs = sum(
        (b, x + i, y + j, z + k) in cells
        for b, x, y, z in cells
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        for k in (-1, 0, 1)
    )
    assert counted(lambda: layer((feats, voxels))) == 2 * pairs * 5 * 7


def test_window_attention_is_its_products_and_linear_layers(voxels):
    layer, feats = WindowAttention(8, 2, window_size=3), torch.zeros(len(voxels), 8)
    windows = attention_windows(voxels, 3, 0, 4, ('xyz', 'rgb'))
    members = {}
    for b, x, y, z in voxels.coords.tolist():
        members.setdefault((b, x // 3, y // 3, z // 3), []).append(1)
    pairs = sum(len(window) ** 2 for window in members.values())
    # q k and p v, and for each of 6 axes q Tq, k Tk and p Tv, 8 channels in all heads; then qkv and proj.
    expected = 2 * pairs * 8 * (2 + 3 * 6) + 2 * len(voxels) * 8 * (24 + 8)
    assert counted(lambda: layer(feats, windows)) == expected


@pytest.mark.parametrize('name', ['swin3d-tiny_rooms-seg', 'fcaf3d_swin3d-tiny_rooms-scannet-det'])
def test_the_parts_of_a_network_add_up(name):
    model = MODELS.build(Config.fromfile(find_config(name)).model)
    cost = network_cost.network_cost(model, model_points(model, boxes_room(1500)))
    children = [child for child, _ in model.named_children() if child != 'data_preprocessor']
    assert sum(cost.operations.get(child, 0) for child in children) == cost.operations[''] > 1e6
    assert cost.parameters[''] == sum(p.numel() for p in model.parameters())
    table = network_cost.cost_table(cost, 1)
    assert 'network' in table and '100.0 %' in table and 'backbone' in table


def test_a_machine_without_the_kernels_is_told(monkeypatch):
    monkeypatch.setattr(network_cost, 'available_backends', lambda op: dict(cpu='no compiler'))
    with pytest.raises(ValueError, match='CPU kernels, which cannot run: no compiler'):
        network_cost.network_cost(torch.nn.Identity(), torch.zeros(1, 6))
