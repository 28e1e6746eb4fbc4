"""Parameter counts of the published networks, to the last digit."""

import json

import pytest
import torch
from mmdet3d.registry import MODELS
from official_swin3d import GOLDEN

from swin3d_mmdet3d.tools.convert_checkpoint import convert_to_official, official_model_cfg

SIZES = {
    'S': dict(channels=[48, 96, 192, 384, 384], num_heads=[6, 6, 12, 24, 24]),
    'L': dict(channels=[80, 160, 320, 640, 640], num_heads=[10, 10, 20, 40, 40]),
}
SHARED = dict(depths=[2, 4, 9, 4, 4], window_sizes=[5, 7, 7, 7, 7], quant_size=4)
# size, cRSE, upsample, in_channels -> whole network for 13, 20 and 25 classes
WHOLE = {
    ('S', 'XYZ_RGB', 'linear', 6): (23_573_005, 23_573_348, 23_573_593),
    ('S', 'XYZ_RGB', 'linear', 3): (23_569_117, 23_569_460, 23_569_705),
    ('S', 'XYZ_RGB_NORM', 'linear', 9): (25_097_533, 25_097_876, 25_098_121),
    ('L', 'XYZ_RGB', 'linear', 6): (60_756_493, 60_757_060, 60_757_465),
    ('L', 'XYZ_RGB', 'linear', 3): (60_750_013, 60_750_580, 60_750_985),
    ('L', 'XYZ_RGB_NORM', 'linear', 9): (63_297_373, 63_297_940, 63_298_345),
    ('S', 'XYZ_RGB', 'linear_attn', 6): (26_495_773, 26_496_116, 26_496_361),
    ('S', 'XYZ_RGB_NORM', 'linear_attn', 9): (28_227_661, 28_228_004, 28_228_249),
    ('L', 'XYZ_RGB', 'linear_attn', 6): (68_238_973, 68_239_540, 68_239_945),
    ('L', 'XYZ_RGB_NORM', 'linear_attn', 9): (71_125_453, 71_126_020, 71_126_425),
}
SHAPES = GOLDEN / 'state_dict_shapes.json'


def build(size, **arguments):
    with torch.device('meta'):
        return MODELS.build(official_model_cfg(**SIZES[size], **{**SHARED, **arguments}))


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('variant', WHOLE)
def test_whole_network_has_the_published_number_of_parameters(variant):
    size, cRSE, upsample, in_channels = variant
    model = build(size, cRSE=cRSE, upsample=upsample, in_channels=in_channels, num_classes=13)
    per_class = size == 'S' and 49 or 81
    body = count(model) - 13 * per_class
    assert tuple(body + n * per_class for n in (13, 20, 25)) == WHOLE[variant]
    other = build(size, cRSE=cRSE, upsample=upsample, in_channels=in_channels, num_classes=25)
    assert count(other) == WHOLE[variant][2]


def test_encoder_parts_have_the_published_number_of_parameters():
    parts = {
        ('S', 'XYZ_RGB', 6): (7_872, 123_456, 770_112, 5_446_464, 8_462_592, 8_314_368),
        ('L', 'XYZ_RGB', 6): (13_120, 272_320, 1_795_520, 13_583_040, 22_132_480, 21_721_600),
    }
    for (size, cRSE, in_channels), wanted in parts.items():
        encoder = build(size, cRSE=cRSE, in_channels=in_channels).backbone
        assert (count(encoder.stem_layer), *map(count, encoder.layers)) == wanted
        assert count(encoder) == sum(wanted)
    assert count(build('S', cRSE='XYZ_RGB_NORM', in_channels=9).backbone) == 24_649_392
    assert count(build('L', cRSE='XYZ_RGB_NORM', in_channels=9).backbone) == 62_058_960
    for size, wanted in (('S', 23_138_688), ('L', 59_541_120)):
        assert count(build(size, window_sizes=[7] * 5).backbone) == wanted


def test_encoder_has_the_original_number_of_state_keys():
    assert len(build('S').backbone.state_dict()) == 432
    assert len(build('S', cRSE='XYZ_RGB_NORM', in_channels=9).backbone.state_dict()) == 501


@pytest.mark.parametrize(
    'variant', ['S/XYZ', 'S/XYZ_RGB', 'S/XYZ_RGB_NORM', 'L/XYZ', 'L/XYZ_RGB', 'L/XYZ_RGB_NORM']
)
def test_names_and_shapes_equal_the_original(variant):
    wanted = json.loads(SHAPES.read_text())[variant]
    size, cRSE = variant.split('/')
    arguments = {key: wanted[key] for key in ('in_channels', 'num_classes', 'upsample')}
    model = build(size, cRSE=cRSE, **arguments)
    shapes = {key: list(tensor.shape) for key, tensor in convert_to_official(model.state_dict()).items()}
    assert shapes == wanted['state_dict']
    for options, total in wanted['parameter_counts'].items():
        arguments = dict(option.split('=') for option in options.split(','))
        arguments.update({key: int(arguments[key]) for key in ('in_channels', 'num_classes')})
        assert count(build(size, cRSE=cRSE, **arguments)) == total, options


def test_slow_group_holds_the_published_number_of_parameters():
    for size, slow, fast in (('S', 22_871_328, 702_265), ('L', 58_824_160, 1_933_305)):
        model = build(size, num_classes=25, upsample='linear')
        sizes = {True: 0, False: 0}
        for name, parameter in model.named_parameters():
            sizes['.blocks.' in name] += parameter.numel()
        assert (sizes[True], sizes[False]) == (slow, fast)
