from pathlib import Path

import pytest
import torch
from dense_volumes import assert_same_rows, double_weight, masked_norm, occupied, random_level, to_dense
from kernels_on_cpu import cuda_kernels, needs_compiler, rule_of_gpus
from mmdet3d.registry import MODELS
from mmengine.config import Config
from torch.nn.functional import conv3d, conv_transpose3d

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.layers import InverseConv, ResBlock, StridedConv, strided_map
from swin3d_mmdet3d.structures import SparseVoxels


def voxels_of(coords, batch_size=1):
    return SparseVoxels(coords.int(), batch_size, signals={'xyz': coords[:, 1:].float()})


def full_grid(edge, shift=(0, 0, 0)):
    steps = torch.arange(edge)
    xyz = torch.cartesian_prod(steps, steps, steps) + torch.tensor(shift)
    return voxels_of(torch.cat([torch.zeros(edge**3, 1, dtype=torch.int64), xyz], dim=1))


def random_voxels(count=300, batch_size=2):
    cells = torch.randint(-6, 10, (count, 4))
    cells[:, 0] = torch.arange(count) % batch_size
    return voxels_of(torch.unique(cells, dim=0), batch_size)


def tiny_unet(**kwargs):
    return MODELS.build(
        dict(
            type='SparseResUNet',
            in_channels=3,
            stem_channels=4,
            encoder_channels=(4, 6),
            decoder_channels=(6, 5),
            encoder_blocks=(1, 2),
            decoder_blocks=(1, 1),
            **kwargs,
        )
    )


@pytest.mark.parametrize('shift', [(0, 0, 0), (-4, 2, 6)])
def test_strided_and_inverse_convolutions_are_dense_ones_on_a_full_grid(shift):
    fine = full_grid(4, shift)
    coarse, parent = fine.downsample(2)
    kernel_map = strided_map(fine, coarse, parent)
    down, up = StridedConv(3, 5), InverseConv(5, 2)
    feats = torch.randn(64, 3)
    dense = feats.t().view(1, 3, 4, 4, 4)
    expected = conv3d(dense, down.weight.permute(0, 4, 1, 2, 3), stride=2)
    hidden = down(feats, kernel_map)
    torch.testing.assert_close(hidden, expected[0].flatten(1).t(), atol=1e-5, rtol=1e-5)
    expected = conv_transpose3d(expected, up.weight.permute(4, 0, 1, 2, 3), stride=2)
    torch.testing.assert_close(up(hidden, kernel_map), expected[0].flatten(1).t(), atol=1e-5, rtol=1e-5)


def test_missing_voxels_add_nothing_to_a_cell():
    fine = random_voxels()
    coarse, parent = fine.downsample(2)
    conv = StridedConv(3, 4)
    feats = torch.randn(len(fine), 3)
    expected = torch.zeros(len(coarse), 4)
    for row, coords in enumerate(fine.coords.tolist()):
        x, y, z = (c % 2 for c in coords[1:])
        expected[parent[row]] += conv.weight[:, x, y, z].detach() @ feats[row]
    torch.testing.assert_close(conv(feats, strided_map(fine, coarse, parent)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('out_channels', [4, 6])
def test_residual_block_is_a_dense_one_with_masks(out_channels):
    feats, voxels = random_level(2, 4, dtype=torch.float32)
    block = ResBlock(4, out_channels)
    for weight in block.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    out, at = block((feats, voxels))
    assert at is voxels

    volume, mask = to_dense((feats.double(), voxels)), occupied(voxels)
    hidden = masked_norm(conv3d(volume, double_weight(block.conv1), padding=1), mask, block.norm1).relu()
    hidden = masked_norm(conv3d(hidden, double_weight(block.conv2), padding=1), mask, block.norm2)
    shortcut = volume
    if out_channels != 4:
        linear, norm = block.downsample
        shortcut = masked_norm(conv3d(volume, linear.weight.double()[..., None, None, None]), mask, norm)
    assert_same_rows(out, (hidden + shortcut).relu(), voxels, [feats, *block.parameters()])


def test_sr_unet34_has_the_originals_number_of_weights():
    # kernels by hand from the table of widths and depths; 2 norm weights per channel behind each
    def conv(k, cin, cout):
        return k**3 * cin * cout + 2 * cout

    total = conv(3, 3, 32)
    width = 32
    for planes, blocks in zip((32, 64, 128, 256), (2, 3, 4, 6)):
        total += conv(2, width, width)
        for _ in range(blocks):
            total += conv(3, width, planes) + conv(3, planes, planes)
            total += conv(1, width, planes) if width != planes else 0
            width = planes
    for planes, skip in zip((256, 128, 96, 96), (128, 64, 32, 32)):
        total += conv(2, width, planes)
        width = planes + skip
        for _ in range(2):
            total += conv(3, width, planes) + conv(3, planes, planes)
            total += conv(1, width, planes) if width != planes else 0
            width = planes
    model = MODELS.build(dict(type='SparseUNet34', in_channels=3))
    assert sum(weight.numel() for weight in model.parameters()) == total
    assert 37e6 < total < 39e6


def spunet_norms():
    """Widths of the batch norms of SpUNet: one behind the stem, each resampling and each kernel."""
    widths = [32]
    for planes, blocks in zip((32, 64, 128, 256), (2, 3, 4, 6)):
        widths += [planes] * (1 + 2 * blocks)
    for planes in (256, 128, 96, 96):
        widths += [planes] * (1 + 2 * 2 + 1)  # up, two blocks, and the shortcut of the first
    return widths


def test_ppt_trains_the_released_sparse_unet():
    config = Config.fromfile(
        Path(__file__).parents[3] / 'configs/pretraining/ppt/ppt_sparse-unet34_indoor-trio.py'
    )
    with torch.device('meta'):
        plain = MODELS.build(config.model.model.backbone)
        prompted = MODELS.build(config.model).model.backbone

    def weights(network):
        return sum(weight.numel() for weight in network.parameters())

    # Pointcept's SpUNet-v1m3, without its classifier: the paper's 39.2 M
    assert weights(plain) == 39_155_904
    # a norm for each of three data sets, and a linear layer from 256 to scale and shift
    added = sum(2 * 2 * width + 256 * 2 * width + 2 * width for width in spunet_norms())
    assert weights(prompted) == 39_155_904 + added == 43_598_272
    norms = [module for module in plain.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    assert sorted(norm.num_features for norm in norms) == sorted(spunet_norms())
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_weights_of_spunet_start_as_the_released_ones():
    network = MODELS.build(dict(type='SpUNet34', in_channels=6))
    truncated = [network.stem, network.encoder[3][2].conv1, network.decoder[0][0].downsample[0]]
    for module in truncated:
        assert module.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert truncated[1].weight.abs().max() > 0.06  # of two million, some lie beyond three deviations
    for module in (network.downs[3].conv, network.ups[0].conv):
        bound = (8 * module.weight.shape[-1]) ** -0.5
        assert module.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
        assert module.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)


@pytest.mark.parametrize('widening', [False, True])
def test_width_begins_with_the_first_block_or_with_the_way_down(widening):
    network = tiny_unet(widening_downs=widening)
    widths = [down.conv.weight.shape[0] for down in network.downs]
    assert widths == ([4, 6] if widening else [4, 4])
    assert [level[0].downsample is None for level in network.encoder] == [True, widening]
    voxels = random_voxels()
    ((feats, _),) = network(torch.randn(len(voxels), 3), voxels)
    assert feats.shape == (len(voxels), 5)


def test_levels_are_returned_fine_to_coarse_on_the_parents_of_the_voxels():
    voxels = random_voxels()
    levels = tiny_unet(out_indices=(0, 1, 2))(torch.randn(len(voxels), 3), voxels)
    assert [feats.shape[1] for feats, _ in levels] == [5, 6, 6]
    for (_, fine), (_, coarse) in zip(levels, levels[1:]):
        torch.testing.assert_close(fine.downsample(2)[0].coords, coarse.coords)


def test_levels_of_the_encoder_are_those_that_the_decoder_reads():
    voxels, decoding = random_voxels(), tiny_unet(out_indices=(0, 1, 2))
    encoding = tiny_unet(out_indices=(0, 1, 2), decode=False)
    encoding.load_state_dict(decoding.state_dict())
    read = []
    for blocks, width in zip(decoding.decoder, (6, 5)):
        blocks.register_forward_pre_hook(lambda _, given, width=width: read.append(given[0][0][:, width:]))
    feats = torch.randn(len(voxels), 3)
    coarsest = decoding(feats, voxels)[2][0]
    levels = encoding(feats, voxels)
    for (found, at), wanted in zip(levels, [*reversed(read), coarsest]):
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
        assert len(at) == len(found)
    sum(found.square().sum() for found, _ in levels).backward()
    reached = {name.split('.')[0] for name, weight in encoding.named_parameters() if weight.grad is not None}
    assert reached == {'stem', 'stem_norm', 'downs', 'encoder'}


def test_every_weight_gets_a_finite_gradient():
    voxels, model = random_voxels(), tiny_unet()
    model(torch.randn(len(voxels), 3), voxels)[0][0].square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and bool(weight.grad.isfinite().all()), name
        assert bool(weight.grad.abs().max() > 0), name


@needs_compiler
@pytest.mark.parametrize('dtype, bound', [(None, 1e-5), (torch.float16, 0.02)], ids=['float32', 'autocast'])
def test_cuda_kernels_emulated_convolve_the_network_as_those_of_the_cpu_do(dtype, bound):
    """Submanifold, strided and inverse convolutions, forward and backward."""
    voxels, model = random_voxels(), tiny_unet()
    feats, weights = torch.randn(len(voxels), 3), dict(model.named_parameters())

    def results():
        (out, _), *_ = model(feats, voxels)
        return out, *torch.autograd.grad(out.float().square().mean(), list(weights.values()))

    expected = results()
    with cuda_kernels(), rule_of_gpus(), torch.autocast('cpu', dtype, enabled=dtype is not None):
        got = results()
    for name, one, other in zip(('out', *weights), got, expected):
        assert name == 'out' or one.dtype == torch.float32, name
        assert (one - other).norm() <= bound * other.norm(), name


def test_a_scene_whose_coarsest_level_is_one_voxel_can_be_trained():
    """16 voxels wide, as a crop may be; the running statistics stand in for those of the one voxel."""
    voxels, model = full_grid(4), MODELS.build(dict(type='SparseUNet34', in_channels=3, out_indices=(0, 4)))
    (fine, _), (coarsest, cell) = model(torch.randn(len(voxels), 3), voxels)
    assert len(cell) == 1
    (fine.square().mean() + coarsest.square().mean()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and bool(weight.grad.isfinite().all()), name
    assert all(bool(buffer.isfinite().all()) for buffer in model.buffers())


def test_scenes_of_a_batch_do_not_see_each_other():
    model, voxels = tiny_unet().eval(), random_voxels()
    feats = torch.randn(len(voxels), 3)
    first = voxels.coords[:, 0] == 0
    alone = voxels_of(voxels.coords[first])
    together = model(feats, voxels)[0][0][first]
    torch.testing.assert_close(together, model(feats[first], alone)[0][0], atol=1e-5, rtol=1e-5)


def test_whole_cells_of_the_coarsest_level_shift_without_effect():
    model, voxels = tiny_unet().eval(), random_voxels()
    feats = torch.randn(len(voxels), 3)
    moved = voxels_of(voxels.coords + torch.tensor([0, 4, -8, 12]), 2)
    torch.testing.assert_close(model(feats, voxels)[0][0], model(feats, moved)[0][0], atol=1e-5, rtol=1e-5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='must be equally long'):
        MODELS.build(
            dict(
                type='SparseResUNet', in_channels=3, encoder_channels=(4,), decoder_channels=(4, 4),
                encoder_blocks=(1,), decoder_blocks=(1,),
            )
        )  # fmt: skip
    with pytest.raises(ValueError, match='stem_kernel must be odd, got 2'):
        tiny_unet(stem_kernel=2)
    with pytest.raises(ValueError, match=r'out_indices must be levels 0 \.\. 2'):
        tiny_unet(out_indices=(3,))
    voxels = random_voxels()
    with pytest.raises(ValueError, match='feats must be'):
        tiny_unet()(torch.randn(len(voxels), 4), voxels)
