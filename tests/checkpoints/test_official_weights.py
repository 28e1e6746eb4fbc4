"""Conversion of the original's weights: nothing is lost, nothing is taken silently."""

import pytest
import torch
from official_swin3d import official_network, official_voxels, tensors

from swin3d_mmdet3d.checkpoints.official_network import (
    infer_official_arguments,
    official_model_cfg,
    signals_of,
)
from swin3d_mmdet3d.checkpoints.official_weights import (
    convert_official,
    convert_to_official,
    kernel_from_spconv,
    kernel_to_spconv,
)
from swin3d_mmdet3d.checkpoints.weight_geometry import position_table_rows, resize_position_tables, swap_yz
from swin3d_mmdet3d.structures import SparseVoxels

TINY = dict(
    depths=[1, 2, 1],
    channels=[8, 16, 16],
    num_heads=[2, 2, 2],
    window_sizes=[3, 5, 5],
    quant_size=4,
    num_layers=3,
)


def official_weights():
    return tensors('tiny_rgb', 'weight')


@pytest.mark.parametrize('name', ['tiny_rgb', 'tiny_norm'])
def test_round_trip_is_bit_identical(name):
    official = tensors(name, 'weight')
    back = convert_to_official(convert_official(official)[0])
    assert back.keys() == official.keys()
    assert all(torch.equal(back[key], official[key]) for key in official)


@pytest.mark.parametrize(
    'options',
    [dict(stem_transformer=False), dict(knn_down=False), dict(upsample='linear_attn', cRSE='XYZ')],
)
def test_every_variant_goes_there_and_back(options):
    from mmdet3d.registry import MODELS

    model = MODELS.build(official_model_cfg(**TINY, **options))
    official = convert_to_official(model.state_dict())
    arguments = infer_official_arguments(official)
    assert arguments['stem_transformer'] == options.get('stem_transformer', True)
    assert arguments['knn_down'] == options.get('knn_down', True)
    converted, report = convert_official(official)
    model.load_state_dict(converted, strict=True)
    assert not report.dropped and not report.missing and report.encoder_share == 1


@pytest.mark.parametrize('prefix', ['', 'module.', 'backbone.', 'module.backbone.'])
def test_prefixes_of_all_sources_are_stripped(prefix):
    weights = {prefix + key: value for key, value in official_weights().items()}
    converted, report = convert_official(weights)
    assert report.encoder_share == 1 and not report.dropped
    assert converted.keys() == convert_official(official_weights())[0].keys()


def test_kernel_layouts_place_every_offset():
    kernel = torch.arange(27.0).view(27, 1, 1)
    weight = kernel_to_spconv(kernel)
    for x in range(3):
        for y in range(3):
            for z in range(3):
                assert weight[0, x, y, z, 0] == x + 3 * y + 9 * z
    assert torch.equal(kernel_from_spconv(weight), kernel)


def test_missing_and_dropped_weights_are_reported():
    weights = official_weights()
    del weights['layers.0.blocks.0.norm1.bias']
    weights['layers.1.blocks.0.norm1.bias'] = torch.zeros(5)
    weights['optimizer.step'] = torch.zeros(1)
    _, report = convert_official(weights)
    assert report.missing == {
        'backbone.layers.0.blocks.0.norm1.bias': (16,),
        'backbone.layers.1.blocks.0.norm1.bias': (32,),
    }
    assert set(report.dropped) == {'layers.1.blocks.0.norm1.bias', 'optimizer.step'}
    assert 0.9 < report.encoder_share < 1


def test_weights_without_a_decoder_convert_to_an_encoder_alone():
    encoder = {k: v for k, v in official_weights().items() if not k.startswith(('upsamples', 'classifier'))}
    converted, report = convert_official(encoder)
    assert all(name.startswith('backbone.') for name in converted)
    assert not report.missing and not report.dropped


def test_weights_of_another_network_are_refused():
    with pytest.raises(ValueError, match='no key of a Swin3D encoder'):
        convert_official({'conv1.weight': torch.zeros(3)})
    with pytest.raises(ValueError, match='do not describe a Swin3D encoder'):
        convert_official({'layers.0.weight': torch.zeros(3)})


def test_too_small_a_share_of_the_encoder_is_refused_unless_asked_for():
    weights = {k: v for k, v in official_weights().items() if '.mlp.' not in k}
    with pytest.raises(ValueError, match=r'only \d+% of the encoder was matched \(at least 90% expected\)'):
        convert_official(weights)
    assert convert_official(weights, min_encoder_share=0.5)[1].encoder_share < 0.9


def test_nan_weights_are_refused():
    weights = official_weights()
    weights['classifier.0.weight'] = weights['classifier.0.weight'].clone()
    weights['classifier.0.weight'][0, 0] = float('nan')
    with pytest.raises(ValueError, match='classifier.0.weight has NaN'):
        convert_official(weights)


@pytest.mark.parametrize('name, channels', [('tiny_rgb', 6), ('tiny_norm', 9)])
def test_complete_swap_equals_the_network_on_swapped_axes(name, channels):
    feats, voxels = official_voxels(name)
    model = official_network(name)
    with torch.no_grad():
        wanted = model.voxel_logits(feats, voxels)
        converted, _ = convert_official(swap_yz(tensors(name, 'weight'), complete=True))
        model.load_state_dict(converted, strict=True)
        order = list(range(channels))
        order[-2], order[-1] = order[-1], order[-2]
        signals = {key: value for key, value in voxels.signals.items()}
        signals['xyz'] = signals['xyz'][:, [0, 2, 1]]
        if channels == 9:
            order[4], order[5] = order[5], order[4]
            signals['normal'] = signals['normal'][:, [0, 2, 1]]
        swapped = SparseVoxels(voxels.coords[:, [0, 1, 3, 2]], voxels.batch_size, signals=signals)
        got = model.voxel_logits(feats[:, order], swapped)
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=0)


def test_partial_swap_touches_offsets_and_position_tables_only():
    weights = tensors('tiny_norm', 'weight')
    swapped = swap_yz(weights, complete=False)
    changed = {key for key in weights if not torch.equal(weights[key], swapped[key])}
    assert changed == {'stem_layer.conv_layers.0.kernel'} | {k for k in weights if k.endswith('_xyz_table')}
    stem = weights['stem_layer.conv_layers.0.kernel']
    assert torch.equal(swapped['stem_layer.conv_layers.0.kernel'], stem[:, [0, 1, 2, 3, 4, 5, 6, 8, 7]])


def test_resized_tables_keep_every_position_difference():
    weights = official_weights()
    key = 'layers.0.blocks.0.attn.query_xyz_table'  # window 5: 40 rows
    larger = resize_position_tables(weights, {key: 56})[key]
    assert torch.equal(larger[:, 8:48], weights[key])
    assert torch.equal(larger[:, 0], weights[key][:, 0]) and torch.equal(larger[:, -1], weights[key][:, -1])
    assert torch.equal(resize_position_tables({key: larger}, {key: 40})[key], weights[key])


@pytest.mark.parametrize(
    'sizes, error',
    [
        (7, TypeError),
        ([7, '7'], TypeError),
        ([7, 0], ValueError),
        ([7, -1], ValueError),
        ([7, 10**9], ValueError),
    ],
)
def test_window_sizes_that_are_none_are_refused_by_name(sizes, error):
    with pytest.raises(error, match='window_sizes must be'):
        position_table_rows(tensors('tiny_rgb', 'weight'), sizes)


@pytest.mark.parametrize('share', [None, 'x', float('nan'), -1, 2])
def test_a_share_of_the_encoder_is_a_fraction(share):
    with pytest.raises(ValueError, match='min_encoder_share must be a fraction'):
        convert_official(tensors('tiny_rgb', 'weight'), min_encoder_share=share)


def test_window_sizes_count_levels_fine_to_coarse():
    rows = position_table_rows(official_weights(), [3, 4, 5, 6, 7])
    assert rows['layers.0.blocks.0.attn.key_xyz_table'] == 24
    assert rows['layers.4.blocks.0.attn.key_xyz_table'] == 56
    assert rows['upsamples.0.block.blocks.0.attn.key_xyz_table'] == 48  # level 3
    assert rows['upsamples.3.block.blocks.0.attn.key_xyz_table'] == 24  # level 0


@pytest.mark.parametrize('cRSE', ['RGB', 'XYZ_HEIGHT', 'XYZ_XYZ', 'xyz', ''])
def test_unknown_signal_strings_are_refused(cRSE):
    with pytest.raises(ValueError, match='cRSE must join'):
        signals_of(cRSE)


def test_defaults_are_those_of_the_originals_constructor():
    """Swin3DUNet of Swin3D/models/Swin3D.py."""
    config = official_model_cfg(**TINY)
    expected = dict(drop_path_rate=0.2, down_stride=2, knn_down=True, stem_transformer=True, in_channels=6)
    assert {name: config['backbone'][name] for name in expected} == expected
    assert config['backbone']['signals'] == config['neck']['signals'] == ('xyz', 'rgb')
    assert (config['neck']['attention'], config['neck']['up_k']) == (False, 3)
    assert config['decode_head']['num_classes'] == 13


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(depths=[1, 2]), 'depths must have num_layers = 3 entries'),
        (dict(upsample='nearest'), 'upsample must be'),
        (dict(fp16_mode=3), 'fp16_mode must be'),
    ],
)
def test_bad_original_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        official_model_cfg(**{**TINY, **change})
