"""The scales of encoder and decoder by name, against the decoder run step by step."""

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import TINY_SWIN3D, random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.encoding import encode_levels


def student(**neck):
    parts = tiny_student()
    backbone, decoder = MODELS.build(parts['backbone']), MODELS.build(dict(parts['neck'], **neck))
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    (view,) = preprocessor(random_batch(), training=True)['inputs']['views']
    return backbone.eval(), decoder.eval(), view


def test_every_level_of_the_decoder_is_the_one_that_a_decoder_which_stops_there_gives():
    torch.manual_seed(0)
    backbone, neck, view = student()
    levels = encode_levels(backbone, neck, view.feats, view.voxels)
    assert levels.names == (*(f'encoder.{i}' for i in range(3)), *(f'decoder.{i}' for i in range(3)))
    shorter = MODELS.build(dict(type='Swin3DDecoder', attention=False, out_level=1, **TINY_SWIN3D)).eval()
    shorter.upsamples.load_state_dict(neck.upsamples[:1].state_dict())
    for name, (feats, voxels) in (
        ('decoder.0', neck(levels.encoder)),
        ('decoder.1', shorter(levels.encoder)),
        ('decoder.2', levels['encoder.2']),
    ):
        assert torch.equal(levels[name][0], feats) and levels[name][1] is voxels
        assert levels[name][1] is levels[name.replace('decoder', 'encoder')][1]
    assert levels.finest is levels['decoder.0']


def test_without_a_decoder_the_encoders_levels_are_all():
    backbone, _, view = student()
    levels = encode_levels(backbone, None, view.feats, view.voxels)
    assert levels.names == ('encoder.0', 'encoder.1', 'encoder.2') and levels.finest is levels.encoder[0]
    with pytest.raises(
        ValueError, match=r"level must be one of encoder.0, encoder.1, encoder.2, got 'decoder.0'"
    ):
        levels['decoder.0']


def test_a_pyramid_of_another_number_of_levels_is_refused():
    backbone, neck, view = student()
    with pytest.raises(ValueError, match='levels must hold 3 levels, got 2'):
        neck.pyramid(backbone(view.feats, view.voxels)[:2])
