"""Whatever happened to a model file: it is read as what it was, or refused in a sentence that names it."""

import random
import resource
import time
from collections import Counter

import numpy as np
import pytest
import torch
from address_space import little_address_space
from hostile_files import bytes_of, damaged_members, damages, repacked
from mmengine.logging import HistoryBuffer
from official_swin3d import tensors

from swin3d_mmdet3d.apis.model_files import stated_classes
from swin3d_mmdet3d.checkpoints import CheckpointError, read_checkpoint
from swin3d_mmdet3d.checkpoints.official_weights import convert_official
from swin3d_mmdet3d.checkpoints.safetensors_file import safetensors_bytes
from swin3d_mmdet3d.engine.atomic_checkpoints import checkpoint_damage
from swin3d_mmdet3d.finite_values import is_finite
from swin3d_mmdet3d.tools.convert_checkpoint import convert_file

MEMORY = 1 << 30
WEIGHTS = {'backbone.w': torch.arange(24.0).reshape(4, 6), 'backbone.b': torch.ones(4), 'n': torch.tensor(7)}
META = dict(dataset_meta=dict(classes=['wall', 'floor'], palette=[[1, 2, 3], [4, 5, 6]]), parts=['backbone'])
EVERYTHING = dict(
    state_dict=WEIGHTS,
    meta=META,
    optimizer=dict(state={0: dict(step=torch.tensor(3.0))}, param_groups=[dict(lr=0.1, betas=(0.9, 0.999))]),
    message_hub=dict(log_scalars=dict(loss=HistoryBuffer([1.0, 2.0], [1, 1]))),
    array=np.arange(5),
)
FORMS = {
    'zip': (lambda: bytes_of(EVERYTHING), damages, '.pth'),
    'members': (lambda: bytes_of(EVERYTHING), damaged_members, '.pth'),
    'legacy': (lambda: bytes_of(EVERYTHING, zipped=False), damages, '.pth'),
    'safetensors': (lambda: safetensors_bytes(WEIGHTS, META), damages, '.safetensors'),
}


def attempt(path, read):
    """'read', or 'refused' by name; any other end of a reader fails."""
    try:
        with little_address_space(MEMORY):
            read(path)
    except (ValueError, TypeError) as error:
        assert str(path) in str(error) and '\n' not in str(error), error
        return 'refused'
    return 'read'


def read_all(path):
    weights, meta = read_checkpoint(path)
    assert all(isinstance(name, str) and value.layout is torch.strided for name, value in weights.items())
    try:
        stated_classes(meta.get('dataset_meta') or {})
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def fuzz(form, folder, seed, count):
    """How many damaged files were read and refused."""
    make, damage, ending = FORMS[form]
    path = folder / f'model{ending}'
    ends = Counter()
    for data in damage(make(), random.Random(seed), count):
        path.write_bytes(data)
        ends[attempt(path, read_all)] += 1
    return ends


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('form', FORMS)
def test_damaged_files_are_read_or_refused_by_name(form, tmp_path):
    ends = fuzz(form, tmp_path, 0, 150)
    assert ends['refused'] > 60


def test_an_archive_of_several_disks_is_refused_by_name(tmp_path):
    """A flipped bit in the directory says so; zipfile.is_zipfile raises."""
    data = bytearray(bytes_of(EVERYTHING))
    data[data.index(b'PK\x06\x07') + 16] = 3
    (tmp_path / 'model.pth').write_bytes(data)
    assert attempt(tmp_path / 'model.pth', read_all) == 'refused'
    assert checkpoint_damage(tmp_path / 'model.pth') is not None


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('form', FORMS)
def test_thousands_of_damaged_files_are_read_or_refused_by_name(form, tmp_path, capsys):
    start, before = time.time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ends = fuzz(form, tmp_path, 1, 3000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    with capsys.disabled():
        print(f'\n{form}: {dict(ends)}, {time.time() - start:.0f} s, memory +{grown // 1024} MB')
    assert ends['read'] + ends['refused'] == 3000 and grown < 512 * 1024


@pytest.mark.filterwarnings('ignore')
def test_no_damage_of_a_sealed_file_goes_unnoticed(tmp_path):
    """Archives have checksums: what is read of a damaged one is what was written."""
    path = tmp_path / 'model.pth'
    for data in damages(bytes_of(EVERYTHING), random.Random(2), 150):
        path.write_bytes(data)
        try:
            weights, meta = read_checkpoint(path)
        except CheckpointError:
            continue
        assert meta == META and weights.keys() == WEIGHTS.keys()
        assert all(torch.equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)


def official_weights():
    return {f'module.{key}': value for key, value in tensors('tiny_rgb', 'weight').items()}


def lame(weights, rng):
    """Weights of which some are damaged as tensors: their values, shape, type, name, or existence."""
    weights = dict(weights)
    for _ in range(rng.choice((1, 1, 2, 5))):
        name = rng.choice(list(weights))
        tensor = weights[name]
        if not isinstance(tensor, torch.Tensor):
            continue
        kind = rng.choice(
            ('value', 'flat', 'cut', 'more', 'lose', 'rename', 'type', 'none', 'huge', 'number')
        )
        if kind == 'value' and tensor.numel() and tensor.is_floating_point():
            weights[name] = tensor.clone().fill_(rng.choice((np.nan, np.inf, -np.inf, 1e38)))
        elif kind == 'flat':
            weights[name] = tensor.reshape(-1)
        elif kind == 'cut':
            weights[name] = tensor[: rng.randrange(len(tensor) + 1)].clone() if tensor.ndim else tensor
        elif kind == 'more':
            weights[name] = tensor[None].repeat(rng.randrange(4), *[1] * tensor.ndim)
        elif kind == 'lose':
            del weights[name]
        elif kind == 'rename':
            other = rng.choice(
                ('layers.', 'layers.x', 'layers.-1.blocks.0', 'stem_layer.', '', 'module.', name[:-3])
            )
            weights[other + rng.choice(('', name))] = weights.pop(name)
        elif kind == 'type':
            weights[name] = tensor.to(rng.choice((torch.int64, torch.bool, torch.complex64, torch.float16)))
        elif kind == 'none':
            weights[name] = rng.choice((None, 3, 'a', [tensor]))
        elif kind == 'huge':
            weights[f'module.layers.{rng.choice((7, 10**9))}.blocks.0.attn.query_xyz_table'] = tensor
        else:
            weights[name] = torch.tensor(rng.choice((0.0, 1.0, -1.0)))
    return weights


def convert_lame(folder, seed, count):
    """How many conversions of lame weights succeeded and were refused; what is written is finite."""
    rng, ends = random.Random(seed), Counter()
    whole = official_weights()
    ours = convert_official(whole)[0]
    source, target = folder / 'in.pth', folder / 'out.pth'
    for number in range(count):
        to_official = number % 2 == 1
        options = rng.choice(({}, dict(axes='swap-yz'), dict(window_sizes=[7] * 5), dict(skip_stem=True)))
        options = dict(options, min_encoder_share=rng.choice((0.0, 0.9)))
        torch.save({'state_dict': lame(ours if to_official else whole, rng)}, source)
        target.unlink(missing_ok=True)
        try:
            with little_address_space(4 * MEMORY):
                convert_file(str(source), str(target), **(dict(to_official=True) if to_official else options))
        except (ValueError, TypeError):
            ends['refused'] += 1
            assert not target.exists()
            continue
        ends['converted'] += 1
        assert all(is_finite(value) for value in torch.load(target)['state_dict'].values())
    return ends


@pytest.mark.filterwarnings('ignore')
def test_lame_weights_are_converted_to_finite_ones_or_refused(tmp_path):
    ends = convert_lame(tmp_path, 0, 12)
    assert ends['converted'] and ends['refused']


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
def test_a_thousand_lame_weights_are_converted_to_finite_ones_or_refused(tmp_path, capsys):
    ends = convert_lame(tmp_path, 1, 1000)
    with capsys.disabled():
        print(f'\nconvert: {dict(ends)}')
    assert sum(ends.values()) == 1000


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('to_official', [True, False])
def test_neither_nan_nor_infinity_is_written(tmp_path, value, to_official):
    weights = official_weights()
    if to_official:
        weights = convert_official(weights)[0]
    name = next(key for key in weights if key.endswith('_xyz_table'))
    weights[name] = weights[name].clone()
    weights[name].view(-1)[3] = value
    torch.save({'state_dict': weights}, tmp_path / 'in.pth')
    with pytest.raises(ValueError, match='has NaN or infinite values'):
        convert_file(str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth'), to_official=to_official)
    assert not (tmp_path / 'out.pth').exists()


def test_an_archive_repacked_as_it_was_is_read(tmp_path):
    """The damages above are noticed for themselves, not for the repacking."""
    path = tmp_path / 'model.pth'
    path.write_bytes(repacked(bytes_of(EVERYTHING)))
    assert read_checkpoint(path)[0].keys() == WEIGHTS.keys()
