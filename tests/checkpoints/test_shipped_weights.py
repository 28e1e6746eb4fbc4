"""Weights that travel with the package are found by name, and serve plain networks under each condition."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.runner.checkpoint import CheckpointLoader
from tiny_prompted import CONDITIONS, prompted, tiny_segmentor

from swin3d_mmdet3d.checkpoints import StrictPretrained, load_checkpoint, read_checkpoint
from swin3d_mmdet3d.checkpoints.shipped_weights import (
    check_checkpoint,
    shipped_weights,
    weights_under_condition,
)
from swin3d_mmdet3d.shipped_models import SHIPPED_MODELS

NAMES = sorted({model.checkpoint for model in SHIPPED_MODELS.values()})


@pytest.mark.parametrize('name', NAMES)
def test_a_name_is_as_good_as_the_file(name):
    by_file, _ = read_checkpoint(shipped_weights(name))
    for loaded in (load_checkpoint(name), CheckpointLoader.load_checkpoint(name)):
        assert loaded['state_dict'].keys() == by_file.keys()
        assert all(torch.equal(loaded['state_dict'][key], weight) for key, weight in by_file.items())


def test_a_typo_is_told_what_was_meant():
    with pytest.raises(ValueError, match='did you mean ppt_swin3d-tiny_rooms-5cm'):
        load_checkpoint('swin3d_mmdet3d::ppt_swin3d-tiny_room-5cm')
    with pytest.raises(ValueError, match='no weights of this name .* there are ppt_'):
        shipped_weights('x')


@pytest.mark.parametrize('condition', CONDITIONS)
def test_plain_networks_start_from_a_file_of_all_conditions(condition, tmp_path):
    """The oracle is the folded model."""
    model = prompted('decoupled')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'all.pth')
    plain = MODELS.build(ConfigDict(tiny_segmentor()))
    for part in ('backbone', 'neck'):
        start = StrictPretrained(str(tmp_path / 'all.pth'), f'model.{part}.', condition=condition)
        start(plain.get_submodule(part))
    folded = model.folded_state_dict(condition)
    for part in ('backbone', 'neck'):
        for name, weight in plain.get_submodule(part).state_dict().items():
            assert torch.equal(weight, folded[f'{part}.{name}']), name


def test_a_condition_that_no_norm_has_and_norms_with_an_embedding_are_refused():
    weights = {name: w for name, w in prompted('decoupled').state_dict().items() if 'backbone' in name}
    with pytest.raises(ValueError, match="condition must be one .* got 'Office'"):
        weights_under_condition(weights, 'Office')
    with pytest.raises(ValueError, match='depend on an embedding too'):
        weights_under_condition(prompted('both').state_dict(), 'S3DIS')


def test_what_is_looked_for_before_a_run_is_a_file_an_address_or_a_name(tmp_path):
    (tmp_path / 'a.pth').write_bytes(b'')
    for address in (str(tmp_path / 'a.pth'), 'https://host/a.pth', NAMES[0]):
        check_checkpoint(address)
    with pytest.raises(ValueError, match='checkpoint b.pth: no such file; train it'):
        check_checkpoint('b.pth', '; train it')
    with pytest.raises(ValueError, match='no weights of this name'):
        check_checkpoint('swin3d_mmdet3d::b')
