"""Weights fit a module whole, or it stays as it was and the ones that do not fit are named."""

import pytest
import torch
from torch import nn

from swin3d_mmdet3d.checkpoints import StrictPretrained, load_strictly, read_checkpoint

WEIGHTS = {'0.weight': torch.ones(3, 2), '0.bias': torch.zeros(3), '1.weight': torch.full((1, 3), 2.0)}


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, bias=False))


def written(path, content):
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    'content',
    [
        WEIGHTS,
        {'state_dict': WEIGHTS, 'meta': {'epoch': 3}},
        {'model': WEIGHTS},
        {'state_dict': {f'module.{name}': w for name, w in WEIGHTS.items()}},
    ],
)
def test_weights_are_found_wherever_files_have_them(content, tmp_path):
    weights, meta = read_checkpoint(written(tmp_path / 'a.pth', content))
    assert meta == content.get('meta', {})
    model = network()
    load_strictly(model, weights, 'a.pth')
    assert all(torch.equal(w, WEIGHTS[name]) for name, w in model.state_dict().items())


def test_a_part_that_is_called_module_keeps_its_name(tmp_path):
    content = {'module.weight': torch.ones(2), 'head.weight': torch.ones(2)}
    assert read_checkpoint(written(tmp_path / 'a.pth', content))[0].keys() == content.keys()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict.__delitem__, '1 missing: 0.bias'),
        (lambda w, name: w.update({'2.bias': w.pop(name)}), '1 missing: 0.bias; 1 unknown: 2.bias'),
        (lambda w, name: w.update({name: torch.zeros(4)}), '1 of another shape: 0.bias'),
        (lambda w, name: w.update({name: torch.full((3,), torch.nan)}), '0.bias has NaN'),
    ],
)
@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_what_does_not_fit_is_named_and_nothing_is_loaded(prefix, change, message, tmp_path):
    weights = dict(WEIGHTS)
    change(weights, '0.bias')
    content = {f'{prefix}{name}': w for name, w in weights.items()}
    others = {'decode_head.weight': torch.ones(1)} if prefix else {}
    path = written(tmp_path / 'a.pth', {'state_dict': {**content, **others}})
    model = network()
    before = {name: w.clone() for name, w in model.state_dict().items()}
    with pytest.raises(ValueError, match=f'a.pth.*{message}'):
        StrictPretrained(str(path), prefix)(model)
    assert all(torch.equal(w, before[name]) for name, w in model.state_dict().items())


@pytest.mark.parametrize(('content', 'message'), [({'epoch': 3}, 'only epoch'), ([1], 'a dict, got list')])
def test_files_without_weights_are_refused(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_checkpoint(written(tmp_path / 'a.pth', content))
    with pytest.raises(ValueError, match='b.pth: no such file'):
        read_checkpoint(tmp_path / 'b.pth')
