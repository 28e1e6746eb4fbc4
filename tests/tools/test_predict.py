"""The predict tool labels scans of every format alike and leaves whole results or none."""

import logging
import multiprocessing
import os
import sys
import zlib

import numpy as np
import pytest
import scan_writers as writers
import torch
from height_segmentor import NAMES, PALETTE, write_height_model
from mmengine.logging import MMLogger
from PIL import Image
from survey_writers import channels, write_las_file

from swin3d_mmdet3d.apis import labelled_scan_files, read_scan
from swin3d_mmdet3d.atomic_write import atomic_writes
from swin3d_mmdet3d.scan_files import READERS
from swin3d_mmdet3d.tools.predict import config_of, main, parse_arguments

FORMATS = {
    'a.ply': writers.write_ply_file,
    'b.pcd': writers.write_pcd_file,
    'c.npy': writers.write_npy_file,
    'd.npz': writers.write_npz_file,
    'e.txt': writers.write_txt_file,
    'f.bin': writers.write_bin_file,
}


@pytest.fixture
def predict(tmp_path):
    config, checkpoint = write_height_model(tmp_path)
    out = tmp_path / 'out'

    def run(*arguments):
        code = main(
            [*map(str, arguments), f'--config={config}', f'--checkpoint={checkpoint}', f'--out={out}']
        )
        return code, out

    return run


@pytest.fixture
def log_text():
    """Lines that are logged while the test runs."""
    logger, lines = MMLogger.get_current_instance(), []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def height_classes(xyz):
    height = (xyz.astype(np.float64) - xyz[:, 2].min())[:, 2]
    return np.minimum(np.floor(height), 2).astype(int)


def test_same_scan_in_six_formats_gets_the_same_labels(predict, tmp_path):
    xyz, rgb, normal = writers.a_scan(points=35)
    for name, write in FORMATS.items():
        write(tmp_path / name, xyz, rgb, normal)
    code, out = predict(*(tmp_path / name for name in FORMATS))
    assert code == 0
    assert {path.name for path in out.iterdir()} == {
        f'{s}.{e}' for s in 'abcdef' for e in ('ply', 'npz', 'png')
    }
    for stem in 'abcdef':
        result = np.load(out / f'{stem}.npz')
        np.testing.assert_array_equal(result['label'], height_classes(xyz))
        assert tuple(result['names']) == NAMES
        ply = read_scan(out / f'{stem}.ply')
        np.testing.assert_array_equal(ply.xyz, xyz.astype(np.float64))
        np.testing.assert_array_equal(ply.label, result['label'])
        np.testing.assert_array_equal(ply.color, np.array(PALETTE)[result['label']])
        assert Image.open(out / f'{stem}.png').size[1] > 800


def test_one_bad_scan_is_named_and_does_not_stop_the_others(predict, tmp_path, log_text):
    np.save(tmp_path / 'good.npy', np.random.default_rng(0).uniform(0, 3, (50, 3)))
    np.save(tmp_path / 'bad.npy', np.full((50, 3), np.nan))
    code, out = predict(tmp_path / 'bad.npy', tmp_path / 'good.npy', '--html')
    assert code == 1
    assert any('bad.npy' in line and 'NaN' in line for line in log_text)
    assert sorted(path.name for path in out.iterdir()) == [f'good.{e}' for e in ('html', 'npz', 'ply', 'png')]


def raising(error):
    def reader(path):
        raise error

    return reader


ERRORS = (
    zlib.error('invalid block type'),
    MemoryError(),
    OverflowError('too large'),
    TypeError('no scan'),
    IndexError('out of bounds'),
    RuntimeError("can't allocate memory"),
    PermissionError(13, 'Permission denied'),
)


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_scan_raises_it_is_named_and_the_others_are_labelled(
    error, predict, tmp_path, log_text, monkeypatch
):
    monkeypatch.setitem(READERS, '.bin', raising(error))
    for name in ('first.bin', 'second.bin'):
        (tmp_path / name).touch()
    np.save(tmp_path / 'good.npy', np.random.default_rng(0).uniform(0, 3, (50, 3)))
    code, out = predict(tmp_path / 'first.bin', tmp_path / 'good.npy', tmp_path / 'second.bin')
    assert code == 1
    assert sorted(path.name for path in out.iterdir()) == ['good.npz', 'good.ply', 'good.png']
    for name in ('first.bin', 'second.bin'):
        told = str(error.args[-1]) if error.args else 'the machine has too little memory'
        (line,) = [it for it in log_text if name in it and told in it]
        assert '\n' not in line
    assert '2 of 3 scans failed' in log_text[-1]


def test_a_chunk_size_of_the_command_line_is_that_of_the_model(tmp_path):
    words = ['a.ply', '--checkpoint=a.pth', f'--out={tmp_path}', '--chunk-size=1.5', '--config']
    config = config_of(parse_arguments([*words, 'swin3d-tiny_rooms-seg']))
    assert config.model.test_cfg == dict(mode='chunks', chunk_size=1.5, max_voxels=1)
    with pytest.raises(ValueError, match='--chunk-size: the model of the config has no chunks'):
        config_of(parse_arguments([*words, str(write_height_model(tmp_path)[0])]))
    for size in ('0', '-1', 'nan', 'inf'):
        with pytest.raises(SystemExit):
            parse_arguments([*words, 'swin3d-tiny_rooms-seg', f'--chunk-size={size}'])


@pytest.mark.parametrize('error', [KeyboardInterrupt, SystemExit])
def test_a_wish_to_end_ends_the_command(error, predict, tmp_path, monkeypatch):
    monkeypatch.setitem(READERS, '.bin', raising(error))
    (tmp_path / 'a.bin').touch()
    with pytest.raises(error):
        predict(tmp_path / 'a.bin')


def test_a_disk_that_is_full_costs_one_scan_alone(predict, tmp_path, log_text, monkeypatch):
    for name in 'abc':
        np.save(tmp_path / f'{name}.npy', np.random.default_rng(0).uniform(0, 3, (50, 3)))
    save = labelled_scan_files.np.savez_compressed

    def full(path, **arrays):
        if path.stem == 'b':
            raise OSError(28, 'No space left on device', str(path))
        save(path, **arrays)

    monkeypatch.setattr(labelled_scan_files.np, 'savez_compressed', full)
    code, out = predict(*(tmp_path / f'{name}.npy' for name in 'abc'))
    assert code == 1 and {path.stem for path in out.iterdir()} == {'a', 'c'}
    assert [line for line in log_text if 'No space left' in line and 'b.npy' in line]


def test_the_longest_name_is_labelled_and_one_too_long_for_its_results_named(predict, tmp_path, log_text):
    name = 'a' * 251
    np.save(tmp_path / f'{name}.npy', np.random.default_rng(0).uniform(0, 3, (50, 3)))
    code, out = predict(tmp_path / f'{name}.npy', '--html')
    assert code == 1 and list(out.iterdir()) == []
    assert [line for line in log_text if 'File name too long' in line and name in line]
    code, out = predict(tmp_path / f'{name}.npy')
    assert code == 0 and len(list(out.iterdir())) == 3


def die_while_writing(out):
    with atomic_writes(out, 'a') as pending:
        (pending.folder / 'a.ply').write_bytes(b'half')
        os._exit(9)


def test_what_a_killed_run_left_is_swept(predict, tmp_path):
    process = multiprocessing.get_context('fork').Process(target=die_while_writing, args=(tmp_path / 'out',))
    process.start()
    process.join()
    assert len(list((tmp_path / 'out').iterdir())) == 1
    np.save(tmp_path / 'b.npy', np.zeros((5, 3)))
    _, out = predict(tmp_path / 'b.npy')
    assert {path.stem for path in out.iterdir()} == {'b'}


def test_a_checkpoint_of_nan_labels_nothing(predict, tmp_path, log_text):
    np.save(tmp_path / 'a.npy', np.zeros((5, 3)))
    torch.save(dict(state_dict=dict(borders=torch.full((2,), torch.nan))), tmp_path / 'height.pth')
    code, out = predict(tmp_path / 'a.npy')
    assert code == 1 and not out.exists()
    assert any('height.pth: borders has NaN' in line for line in log_text)


def test_failure_while_writing_leaves_nothing(predict, tmp_path, monkeypatch):
    np.save(tmp_path / 'a.npy', np.zeros((5, 3)))

    def fail(*args):
        raise ValueError('no picture')

    monkeypatch.setattr(labelled_scan_files, 'prediction_picture', fail)
    code, out = predict(tmp_path / 'a.npy')
    assert code == 1 and list(out.iterdir()) == []


def test_own_labels_are_matched_by_name_and_scored(predict, tmp_path, log_text):
    xyz = np.c_[np.zeros((8, 2)), np.arange(8) / 2]
    # Heights 0 .. 3.5 m are low low middle middle high ...; the file calls one low point high, one unknown.
    names = ['high', 'low', 'lamp', 'middle']
    np.savez(tmp_path / 'a.npz', xyz=xyz, sem=[1, 0, 3, 3, 0, 0, 0, 2], names=names)
    code, _ = predict(tmp_path / 'a.npz')
    assert code == 0
    # low 1 / 2, middle 1, high 3 / 4.
    assert log_text[-1].endswith(f'mIoU {(1 / 2 + 1 + 3 / 4) / 3:.4f}')


def test_a_class_that_own_labels_lack_counts_0_where_it_is_predicted(predict, tmp_path, log_text):
    # Heights 0, 2, 1 m are low high middle; the file calls them low low middle.
    xyz = np.c_[np.zeros((3, 2)), [0.0, 2, 1]]
    np.savez(tmp_path / 'a.npz', xyz=xyz, sem=[0, 0, 1], names=['low', 'middle', 'high'])
    assert predict(tmp_path / 'a.npz')[0] == 0
    assert log_text[-1].endswith('mIoU 0.5000')
    assert log_text[-2].endswith('mean IoU of the classes of its labels 0.7500')


def test_unit_and_up_axis_are_applied_before_labelling(predict, tmp_path):
    height = np.array([0.0, 500, 1500, 2500])
    np.save(tmp_path / 'a.npy', np.c_[np.zeros(4), -height, np.arange(4.0)])
    code, out = predict(tmp_path / 'a.npy', '--unit-scale', '0.001', '--up', '-y')
    assert code == 0
    np.testing.assert_array_equal(np.load(out / 'a.npz')['label'], [0, 0, 1, 2])
    np.testing.assert_array_equal(read_scan(out / 'a.ply').xyz, np.load(tmp_path / 'a.npy'))


@pytest.mark.parametrize('ending', ['las', 'laz'])
def test_a_las_scan_becomes_a_las_file_with_classes(ending, predict, tmp_path):
    xyz, rgb, _ = writers.a_scan(points=35)
    write_las_file(tmp_path / 'a.las', xyz.astype(np.float64), offset=(300, -200, 0), **channels(rgb * 257))
    code, out = predict(tmp_path / 'a.las', '--format', ending)
    assert code == 0 and {path.name for path in out.iterdir()} == {f'a.{e}' for e in (ending, 'npz', 'png')}
    before, after = read_scan(tmp_path / 'a.las'), read_scan(out / f'a.{ending}')
    np.testing.assert_array_equal(after.xyz, before.xyz)
    np.testing.assert_array_equal(after.color, rgb)
    np.testing.assert_array_equal(after.label, height_classes(before.xyz))
    assert after.label_names == NAMES


def test_las_without_laspy_is_refused_before_any_scan(predict, tmp_path, log_text, monkeypatch):
    monkeypatch.setitem(sys.modules, 'laspy', None)
    np.save(tmp_path / 'a.npy', np.zeros((5, 3)))
    code, out = predict(tmp_path / 'a.npy', '--format', 'las')
    assert code == 1 and not out.exists()
    assert 'pip install swin3d_mmdet3d[formats]' in log_text[-1]


def test_results_do_not_replace_the_scan(predict, tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    for name in ('a.ply', 'b.las'):
        (tmp_path / 'out' / name).write_bytes(b'precious')
        with pytest.raises(SystemExit):
            predict(tmp_path / 'out' / name, '--format', name[2:])
        assert 'would replace the scans themselves' in capsys.readouterr().err


def test_points_drawn_on_a_mesh_are_labelled(predict, tmp_path):
    corners = [f'v {x} {y} {z}' for z in (0, 3) for x, y in ((0, 0), (2, 0), (0, 2))]
    (tmp_path / 'a.obj').write_text('\n'.join([*corners, 'f 1 2 3', 'f 4 5 6']))
    code, out = predict(tmp_path / 'a.obj', '--sample', '400')
    assert code == 0
    ply = read_scan(out / 'a.ply')
    assert len(ply) == 400 and set(ply.xyz[:, 2]) == {0, 3}
    np.testing.assert_array_equal(np.load(out / 'a.npz')['label'], np.where(ply.xyz[:, 2] == 3, 2, 0))


def test_checkpoint_of_another_model_fails_before_any_scan(tmp_path, log_text):
    config, checkpoint = write_height_model(tmp_path)
    torch.save(dict(state_dict=dict(other=torch.zeros(1))), checkpoint)
    np.save(tmp_path / 'a.npy', np.zeros((5, 3)))
    arguments = [str(tmp_path / 'a.npy'), f'--config={config}', f'--checkpoint={checkpoint}', '--out=x']
    assert main(arguments) == 1
    assert 'another model' in log_text[-1]


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['a.ply', 'b/a.npy'], 'several scans are named a'),
        (['a.ply', '--unit-scale=0'], 'above zero'),
        (['a.ply', '--unit-scale', '-1'], 'expected a number above zero, got -1.0'),
        (['a.ply', '--unit-scale', '-1e-3'], 'expected a number above zero, got -0.001'),
        (['a.ply', '--unit-scale', '-inf'], 'expected a number above zero, got -inf'),
        (['a.ply', '--sample', '0'], 'expected a number of points above zero, got 0'),
        (['a.ply', '--up', '-q'], "argument --up: invalid choice: '-q'"),
    ],
)
def test_impossible_command_lines_are_refused(predict, arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        predict(*arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
