"""The converter's command line: whole files in, whole files or nothing out."""

import json

import pytest
import torch
from mmengine.config import Config
from official_swin3d import golden, tensors

from swin3d_mmdet3d.checkpoints import read_checkpoint
from swin3d_mmdet3d.tools.convert_checkpoint import (
    convert_file,
    main,
    official_model_cfg,
    report_table,
)


@pytest.fixture
def official_file(tmp_path):
    path = tmp_path / 'official.pth'
    weights = {f'module.{key}': value for key, value in tensors('tiny_rgb', 'weight').items()}
    torch.save({'state_dict': weights, 'epoch': 3}, path)
    return path


def test_files_go_there_and_back_bit_identically(tmp_path, official_file):
    ours, back = tmp_path / 'ours.pth', tmp_path / 'back.pth'
    assert main([str(official_file), str(ours)]) == 0
    assert main([str(ours), str(back), '--to-official']) == 0
    weights = read_checkpoint(back)[0]
    wanted = tensors('tiny_rgb', 'weight')
    assert weights.keys() == wanted.keys()
    assert all(torch.equal(weights[key], wanted[key]) for key in wanted)


def test_meta_tells_the_network_of_the_weights(tmp_path, official_file):
    target = tmp_path / 'ours.pth'
    report = convert_file(str(official_file), str(target))
    meta = torch.load(target, weights_only=True)['meta']
    assert meta['official_arguments']['channels'] == [16, 32, 32, 64, 64]
    assert meta['official_arguments']['cRSE'] == 'XYZ_RGB'
    assert meta['converted_from'] == 'official.pth'
    table = report_table(report)
    assert '239 matched, 0 dropped, 0 missing; 100.0% of the encoder' in table
    assert 'backbone.stem_layer.conv_layers.0.weight' in table


def test_window_sizes_resize_the_tables(tmp_path, official_file):
    target = tmp_path / 'ours.pth'
    convert_file(str(official_file), str(target), window_sizes=[7, 7, 7, 7, 7])
    weights = torch.load(target, weights_only=True)['state_dict']
    tables = [value for key, value in weights.items() if key.endswith('_xyz_table')]
    assert tables and all(table.shape[1] == 56 for table in tables)


def test_axes_are_swapped_on_demand(tmp_path, official_file):
    target = tmp_path / 'ours.pth'
    convert_file(str(official_file), str(target), axes='swap-yz')
    swapped = torch.load(target, weights_only=True)['state_dict']['backbone.stem_layer.conv_layers.0.weight']
    convert_file(str(official_file), str(target))
    plain = torch.load(target, weights_only=True)['state_dict']['backbone.stem_layer.conv_layers.0.weight']
    assert torch.equal(swapped, plain.transpose(2, 3)[..., [0, 1, 2, 3, 5, 4]])


def test_stem_is_left_out_on_demand(tmp_path, official_file):
    target = tmp_path / 'ours.pth'
    convert_file(str(official_file), str(target), skip_stem=True)
    weights = torch.load(target, weights_only=True)['state_dict']
    assert len(weights) == 239 - 6
    assert not any('stem_layer' in key for key in weights)


def wider_first_window(folder):
    """A config of the file's network whose finest level has windows of 7 voxels."""
    arguments = json.loads(str(golden('tiny_rgb')['config']))
    arguments['window_sizes'] = [7, *arguments['window_sizes'][1:]]
    arguments['num_classes'] = 99
    path = folder / 'wider.py'
    Config(dict(model=official_model_cfg(**arguments))).dump(path)
    return str(path)


def test_tables_of_another_window_are_told_when_weights_go_to_a_config(tmp_path, official_file, caplog):
    target, config = tmp_path / 'ours.pth', wider_first_window(tmp_path)
    convert_file(str(official_file), str(target))
    plain = torch.load(target, weights_only=True)['state_dict']
    report = convert_file(str(official_file), str(target), config=config)
    written = torch.load(target, weights_only=True)['state_dict']
    rows = {name: tensor.shape[1] for name, tensor in plain.items() if name.endswith('_xyz_table')}
    finest = {name for name in rows if name.startswith(('backbone.layers.0.', 'neck.upsamples.3.'))}
    wrong = {name for name in finest if rows[name] != 56}
    head = {name for name in plain if name.startswith('decode_head.classifier.3.')}
    assert len(wrong) >= 3 and len(head) == 2
    assert set(report.dropped) == wrong | head == set(report.missing)
    assert all(
        'shape' in reason and 'wider.py has (3, 56' in reason
        for n, reason in report.dropped.items()
        if n in wrong
    )
    assert set(written) == set(plain) - wrong - head
    for name in wrong:
        assert f'| {name} ' in report_table(report)
    # Resized tables all fit.
    sizes = json.loads(str(golden('tiny_rgb')['config']))['window_sizes']
    report = convert_file(str(official_file), str(target), config=config, window_sizes=[7, *sizes[1:]])
    assert set(report.dropped) == head


def test_weights_for_another_kind_of_model_are_refused(tmp_path, official_file):
    config = tmp_path / 'other.py'
    config.write_text("model = dict(type='Det3DDataPreprocessor')")
    with pytest.raises(ValueError, match='place for any'):
        convert_file(str(official_file), str(tmp_path / 'ours.pth'), config=str(config))
    assert not (tmp_path / 'ours.pth').exists()


@pytest.mark.parametrize(
    'content',
    [
        {'state_dict': {'conv.weight': torch.zeros(2)}},
        {'state_dict': {'layers.0.blocks.0.norm1.weight': torch.tensor([float('nan')])}},
        {'epoch': 3},
        [1, 2],
    ],
)
def test_failure_writes_nothing_and_says_so(tmp_path, content):
    source, target = tmp_path / 'in.pth', tmp_path / 'out' / 'out.pth'
    target.parent.mkdir()
    torch.save(content, source)
    assert main([str(source), str(target)]) == 1
    assert not list(target.parent.iterdir())


def test_nan_does_not_go_to_the_original(tmp_path, official_file):
    ours, back = tmp_path / 'ours.pth', tmp_path / 'back.pth'
    convert_file(str(official_file), str(ours))
    content = torch.load(ours)
    content['state_dict']['neck.upsamples.0.linear1.1.bias'][0] = torch.inf
    torch.save(content, ours)
    with pytest.raises(ValueError, match='neck.upsamples.0.linear1.1.bias has NaN or infinite'):
        convert_file(str(ours), str(back), to_official=True)
    assert main([str(ours), str(back), '--to-official']) == 1 and not back.exists()


def test_missing_and_damaged_files_are_refused(tmp_path):
    assert main([str(tmp_path / 'none.pth'), str(tmp_path / 'out.pth')]) == 1
    (tmp_path / 'text.pth').write_text('hello')
    assert main([str(tmp_path / 'text.pth'), str(tmp_path / 'out.pth')]) == 1
    assert not (tmp_path / 'out.pth').exists()
