"""A run over raw scenes: broken ones are named, nothing half-written stays, and it goes on where it ended."""

import functools
import json
import logging
import multiprocessing
import os
import pickle
import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData
from raw_downloads import write_raw_s3dis, write_raw_scannet, write_raw_structured3d

from swin3d_mmdet3d.datasets.class_lists import SCANNET_BOXES
from swin3d_mmdet3d.datasets.layout import scenes as layout_scenes
from swin3d_mmdet3d.datasets.layout import tickets
from swin3d_mmdet3d.datasets.layout.scenes import IndoorScene
from swin3d_mmdet3d.preparation import prepare_s3dis, prepare_scannet, prepare_structured3d
from swin3d_mmdet3d.preparation.preparation_run import DataSet, RawScene, prepare_scenes
from swin3d_mmdet3d.tools import prepare_s3dis as s3dis_tool
from swin3d_mmdet3d.tools import prepare_scannet as scannet_tool
from swin3d_mmdet3d.tools import prepare_structured3d as structured3d_tool

SCAN = 'scans/scene0000_00/scene0000_00'
SEGMENTS = f'{SCAN}_vh_clean_2.0.010000.segs.json'
ROOM = 'Area_2/office_1/Annotations'
PANORAMA = 'scene_00001/2D_rendering/485142/panorama'
WRITE = dict(
    scannet=functools.partial(write_raw_scannet, spacing=0.5),
    s3dis=functools.partial(write_raw_s3dis, spacing=0.5),
    structured3d=functools.partial(write_raw_structured3d, size=(32, 16)),
)
PREPARE = dict(
    scannet=prepare_scannet,
    s3dis=functools.partial(prepare_s3dis, normals=False),
    structured3d=prepare_structured3d,
)
TOOLS = dict(scannet=scannet_tool, s3dis=s3dis_tool, structured3d=structured3d_tool)
BROKEN = dict(scannet='scene0000_00', s3dis='Area_2_office_1', structured3d='scene_00001_room_485142')


@pytest.fixture(scope='module')
def downloads(tmp_path_factory):
    """Whole raw downloads and what is prepared from them."""
    folder = tmp_path_factory.mktemp('downloads')
    raw = {name: write(folder / name) for name, write in WRITE.items()}
    for name, prepare in PREPARE.items():
        prepare(raw[name], folder / 'out' / name, workers=1)
    return raw, folder / 'out'


def files(folder):
    """Relative path -> bytes of every file."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def replace(old, new):
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


def edit_json(change):
    def damage(path):
        whole = json.loads(path.read_text())
        change(whole)
        path.write_text(json.dumps(whole))

    return damage


def first_segment(number):
    return edit_json(lambda whole: whole['segIndices'].__setitem__(0, number))


def edit_ply(change):
    def damage(path):
        ply = PlyData.read(str(path), mmap=False)
        change(ply)
        ply.write(str(path))

    return damage


def not_a_number(ply):
    ply['vertex']['y'][7] = np.nan


def no_vertices(ply):
    for name in ('vertex', 'face'):
        ply[name].data = ply[name].data[:0]


def far_vertex(ply):
    ply['vertex']['y'][7] = 1e8


def many_vertices(path):
    path.write_bytes(re.sub(rb'element vertex \d+', b'element vertex 4000000000', path.read_bytes(), count=1))


def far_face(ply):
    ply['face'].data['vertex_indices'][3] = [0, 1, 10**6]


def rename_red(path):
    path.write_bytes(path.read_bytes().replace(b'uchar red', b'uchar pink', 1))


def axis(change):
    """Changes the 16 numbers of the axis alignment."""

    def damage(path):
        first, *rest = path.read_text().splitlines()
        numbers = change(np.array(first.split()[2:], dtype=float))
        path.write_text('\n'.join([f'axisAlignment = {" ".join(map(str, numbers))}', *rest]))

    return damage


def mirror(numbers):
    return numbers * np.repeat([-1, 1], [4, 12])


def far_shift(numbers):
    return np.where(np.arange(16) == 3, 1e300, numbers)


def image(change):
    """Changes the pixels of an image."""

    def damage(path):
        with Image.open(path) as whole:
            pixels = np.array(whole)
        Image.fromarray(change(pixels)).save(path)

    return damage


def claim_pixels(path):
    """The header of a PNG has another size and the right check sum."""
    data = path.read_bytes()
    header = b'IHDR' + struct.pack('>II', 30_000, 30_000) + data[24:29]
    path.write_bytes(data[:12] + header + struct.pack('>I', zlib.crc32(header)) + data[33:])


DAMAGES = {
    'no mesh': ('scannet', f'{SCAN}_vh_clean_2.ply', Path.unlink, 'is missing'),
    'no folder': ('scannet', f'{SCAN}_vh_clean_2.ply', lambda p: shutil.rmtree(p.parent), 'is missing'),
    'cut mesh': ('scannet', f'{SCAN}_vh_clean_2.ply', cut, 'is truncated'),
    'text for a mesh': ('scannet', f'{SCAN}_vh_clean_2.ply', lambda p: p.write_text('x'), 'is truncated'),
    'nan vertex': ('scannet', f'{SCAN}_vh_clean_2.ply', edit_ply(not_a_number), 'not finite in point 7'),
    'empty mesh': ('scannet', f'{SCAN}_vh_clean_2.ply', edit_ply(no_vertices), 'holds no points'),
    'far face': ('scannet', f'{SCAN}_vh_clean_2.ply', edit_ply(far_face), 'faces of vertices that are not'),
    'no colours': ('scannet', f'{SCAN}_vh_clean_2.ply', rename_red, 'no mesh with colours'),
    'label': ('scannet', f'{SCAN}.aggregation.json', replace('toilet', 'teleport'), "the label 'teleport'"),
    'cut groups': ('scannet', f'{SCAN}.aggregation.json', cut, 'is truncated or no JSON'),
    'deep': ('scannet', SEGMENTS, lambda p: p.write_text('[' * 100_000), 'is truncated or no JSON'),
    'far number': ('scannet', SEGMENTS, first_segment(10**30), 'whole numbers in segIndices'),
    'half number': ('scannet', SEGMENTS, first_segment(1.5), 'whole numbers in segIndices'),
    'nested number': ('scannet', SEGMENTS, first_segment([1]), 'whole numbers in segIndices'),
    'far object': (
        'scannet',
        f'{SCAN}.aggregation.json',
        edit_json(lambda it: it['segGroups'][0].update(objectId=10**30)),
        'objectId, label and seg',
    ),
    'many vertices': ('scannet', f'{SCAN}_vh_clean_2.ply', many_vertices, 'header promises at least'),
    'far vertex': ('scannet', f'{SCAN}_vh_clean_2.ply', edit_ply(far_vertex), r'below 2\^24 m, got 1e\+08'),
    'far alignment': ('scannet', f'{SCAN}.txt', axis(far_shift), 'a rigid motion'),
    'no groups': ('scannet', f'{SCAN}.aggregation.json', replace('segGroups', 'g'), "a list 'segGroups'"),
    'no label': ('scannet', f'{SCAN}.aggregation.json', replace('label', 'name'), 'objectId, label and seg'),
    'far segment': (
        'scannet',
        f'{SCAN}.aggregation.json',
        edit_json(lambda whole: whole['segGroups'][2]['segments'].append(999999)),
        'the segment 999999, which no vertex',
    ),
    'cut segments': ('scannet', SEGMENTS, cut, 'is truncated or no JSON'),
    'few segments': ('scannet', SEGMENTS, edit_json(lambda it: it['segIndices'].pop()), 'a segment for each'),
    'no alignment file': ('scannet', f'{SCAN}.txt', Path.unlink, 'is missing'),
    'short matrix': ('scannet', f'{SCAN}.txt', axis(lambda it: it[:12]), '16 numbers .* got 12'),
    'scaled matrix': ('scannet', f'{SCAN}.txt', axis(lambda it: it * 1.01), 'a rigid motion'),
    'mirrored matrix': ('scannet', f'{SCAN}.txt', axis(mirror), 'a rigid motion'),
    'nan matrix': ('scannet', f'{SCAN}.txt', axis(lambda it: it * np.nan), 'a rigid motion'),
    'words': (
        'scannet',
        f'{SCAN}.txt',
        replace('axisAlignment = ', 'axisAlignment = a'),
        'must hold numbers',
    ),
    'empty room': ('s3dis', ROOM, lambda p: [it.unlink() for it in p.iterdir()], 'no annotations in'),
    'empty object': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('\n'), 'holds no points'),
    'cut line': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_bytes(p.read_bytes()[:-8]), 'truncated'),
    'columns': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('1 2 3\n'), '6 columns, got 3'),
    'word': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('a 2 3 4 5 6\n'), 'no table of numbers'),
    'nan': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('nan 2 3 4 5 6\n'), 'not finite'),
    'colour': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('1 2 3 4 5 256\n'), r'0\.\.255, got'),
    'byte': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_bytes(b'1 \x10 6\n'), 'control byte in line 1'),
    'far': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.write_text('1e200 2 3 4 5 6\n'), r'below 2\^24 m'),
    'class': ('s3dis', f'{ROOM}/sofa_1.txt', lambda p: p.rename(p.with_name('pond_1.txt')), "class 'pond'"),
    'no depth': ('structured3d', f'{PANORAMA}/full/depth.png', Path.unlink, 'is missing'),
    'cut colours': ('structured3d', f'{PANORAMA}/full/rgb_rawlight.png', cut, 'truncated or no image'),
    'bomb': ('structured3d', f'{PANORAMA}/full/depth.png', claim_pixels, 'promises 30000 x 30000 pixels'),
    'empty image': ('structured3d', f'{PANORAMA}/full/depth.png', lambda p: p.write_bytes(b''), 'is empty'),
    'far camera': ('structured3d', f'{PANORAMA}/camera_xyz.txt', lambda p: p.write_text('1 2 1e30'), '24 m'),
    'no image': ('structured3d', f'{PANORAMA}/full/depth.png', lambda p: p.write_text('x'), 'no image'),
    'raw id': ('structured3d', f'{PANORAMA}/full/semantic.png', image(lambda it: it + 41), r'ids 0\.\.40'),
    'grey': ('structured3d', f'{PANORAMA}/full/rgb_rawlight.png', image(lambda it: it[..., 0]), '3 or 4'),
    'small': ('structured3d', f'{PANORAMA}/full/semantic.png', image(lambda it: it[:9]), r'\(16, 32\)'),
    'colour depth': (
        'structured3d',
        f'{PANORAMA}/full/depth.png',
        image(lambda it: np.zeros((16, 32, 3), np.uint8)),
        'whole millimetres',
    ),
    'nothing seen': ('structured3d', f'{PANORAMA}/full/depth.png', image(lambda it: it * 0), 'no measured'),
    'two numbers': ('structured3d', f'{PANORAMA}/camera_xyz.txt', lambda p: p.write_text('1 2'), 'hold 3'),
    'no place': ('structured3d', f'{PANORAMA}/camera_xyz.txt', Path.unlink, 'is missing'),
}


@pytest.mark.parametrize('case', DAMAGES)
def test_broken_scene_is_named_and_the_rest_prepared_until_it_is_mended(case, downloads, tmp_path):
    name, file, damage, message = DAMAGES[case]
    whole, expected = downloads[0][name], files(downloads[1] / name)
    raw, out = tmp_path / 'raw', tmp_path / 'out'
    shutil.copytree(whole, raw)
    damage(raw / file)

    outcomes = PREPARE[name](raw, out, workers=1)
    failed = [it for it in outcomes if it.state == 'failed']
    assert [it.scene.name for it in failed] == [BROKEN[name]]
    (text,) = failed[0].notes
    assert text.startswith(f'scene {BROKEN[name]}: ')
    assert str(raw / file) in text or 'pond' in text
    assert re.search(message, text), text
    left = files(out)
    assert not [path for path in left if BROKEN[name] in path or '.part' in path]
    for path in set(expected) - set(left):
        assert BROKEN[name] in path
    listing = ('.pkl', '.npy')  # of the scenes of a split
    assert all(left[path] == expected[path] for path in left if not path.endswith(listing))
    infos = [pickle.loads(path.read_bytes())['data_list'] for path in out.glob('*.pkl')]
    listed = [it['lidar_points']['lidar_path'] for entries in infos for it in entries]
    assert sorted(listed) == sorted(p.name for p in (out / 'points').iterdir())

    shutil.rmtree(raw)
    shutil.copytree(whole, raw)
    states = [it.state for it in PREPARE[name](raw, out, workers=1)]
    assert sorted(states) == ['kept'] * (len(states) - 1) + ['prepared']
    assert files(out) == expected


@pytest.mark.parametrize('name', WRITE)
def test_two_workers_write_the_bytes_of_one(name, downloads, tmp_path):
    PREPARE[name](downloads[0][name], tmp_path, workers=2)
    assert files(tmp_path) == files(downloads[1] / name)


@pytest.mark.parametrize(
    ('name', 'file'),
    [
        ('scannet', f'{SCAN}.txt'),
        ('s3dis', f'{ROOM}/sofa_1.txt'),
        ('structured3d', f'{PANORAMA}/camera_xyz.txt'),
    ],
)
def test_command_returns_one_until_every_scene_is_prepared(name, file, downloads, tmp_path):
    shutil.copytree(downloads[0][name], tmp_path / 'raw')
    arguments = [str(tmp_path / 'raw'), str(tmp_path / 'out'), '--workers', '2']
    (tmp_path / 'raw' / file).rename(tmp_path / 'aside')
    (tmp_path / 'raw' / file).mkdir()
    assert TOOLS[name].main(arguments) == 1
    (tmp_path / 'raw' / file).rmdir()
    (tmp_path / 'aside').rename(tmp_path / 'raw' / file)
    assert TOOLS[name].main(arguments) == 0
    assert TOOLS[name].main([str(tmp_path / 'nowhere'), str(tmp_path / 'out')]) == 1


def one_point(scene, other=0):
    """A scene of one point, for tests of the run itself."""
    points = np.full((1, 6), other, dtype=np.float32)
    return IndoorScene(points, points[:, :3], {'semantic_mask': np.zeros(1, dtype=np.int64)})


def run_scenes(out, read=one_point, names='abcd', workers=1, **settings):
    scenes = [RawScene(name, 'train', Path(name)) for name in names]
    return prepare_scenes(DataSet('rooms', SCANNET_BOXES), scenes, read, out, settings, workers)


def killed_at_normals_of_c(out, written=layout_scenes.atomic_write):
    """A writer of files that ends its process, as if killed, when half of one is on the disk."""

    def half(path):
        if Path(path) == out / 'normals' / 'c.bin':
            with written(path) as part:
                part.write_bytes(b'half')
                os._exit(9)
        return written(path)

    return half


def run_killed_at_normals_of_c(out):
    layout_scenes.atomic_write = killed_at_normals_of_c(out)
    run_scenes(out)


def test_killed_run_goes_on_where_it_ended_and_leaves_nothing_behind(tmp_path):
    process = multiprocessing.get_context('fork').Process(
        target=run_killed_at_normals_of_c, args=(tmp_path / 'out',)
    )
    process.start()
    process.join()
    assert process.exitcode == 9
    assert (tmp_path / 'out' / 'points' / 'c.bin').exists()
    assert not list((tmp_path / 'out').glob('*.pkl'))
    outcomes = run_scenes(tmp_path / 'out')
    assert [it.state for it in outcomes] == ['kept', 'kept', 'prepared', 'prepared']
    run_scenes(tmp_path / 'whole')
    assert files(tmp_path / 'out') == files(tmp_path / 'whole')


def kill_worker(scene):
    if scene.name == 'c':
        os._exit(9)
    return one_point(scene)


def test_killed_worker_costs_its_own_scene_alone(tmp_path):
    outcomes = run_scenes(tmp_path, kill_worker, names='abcdef', workers=2)
    assert [it.state for it in outcomes] == ['failed' if name == 'c' else 'prepared' for name in 'abcdef']
    (reason,) = outcomes[2].notes
    assert reason.startswith('scene c: its process was killed, perhaps for want of memory: fewer workers')
    assert not [path for path in files(tmp_path) if 'c.' in path.rsplit('/')[-1][:2] or '.part' in path]
    assert {it.state for it in run_scenes(tmp_path, names='abcdef')} == {'kept', 'prepared'}


def test_worker_that_is_killed_while_writing_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(layout_scenes, 'atomic_write', killed_at_normals_of_c(tmp_path))
    assert [it.state for it in run_scenes(tmp_path, workers=2)].index('failed') == 2
    assert not [path for path in files(tmp_path) if 'c.bin' in path or '.part' in path]


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('error', [MemoryError(), RecursionError('deep'), OverflowError('far'), KeyError(3)])
def test_whatever_a_scene_raises_the_others_are_prepared(error, workers, tmp_path):
    outcomes = run_scenes(tmp_path, functools.partial(raise_for_c, error), workers=workers)
    assert [it.state for it in outcomes] == ['prepared', 'prepared', 'failed', 'prepared']
    assert outcomes[2].notes[0].startswith(f'scene c: {type(error).__name__}')


def raise_for_c(error, scene):
    if scene.name == 'c':
        raise error
    return one_point(scene)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGED_TICKETS = {
    'empty': lambda path: path.write_bytes(b''),
    'cut': cut,
    'braces': lambda path: path.write_text('{}'),
    'null': lambda path: path.write_text('null'),
    'number': lambda path: path.write_text('3'),
    'bytes': lambda path: path.write_bytes(b'\xff\xfe\x00'),
    'deep': lambda path: path.write_text('[' * 100_000),
    'flipped': flip,
    'of an earlier version': lambda path: path.write_text(json.dumps({'stamp': {}, 'bytes': {}, 'info': {}})),
}


@pytest.mark.parametrize('case', DAMAGED_TICKETS)
def test_a_damaged_ticket_is_named_and_its_scene_made_again(case, tmp_path, monkeypatch):
    run_scenes(tmp_path)
    whole = files(tmp_path)
    ticket = tmp_path / 'prepared_scenes' / 'b.json'
    DAMAGED_TICKETS[case](ticket)
    warnings = []
    monkeypatch.setattr(tickets, 'print_log', lambda text, logger, level: warnings.append((text, level)))
    assert [it.state for it in run_scenes(tmp_path)] == ['kept', 'prepared', 'kept', 'kept']
    ((text, level),) = warnings
    assert str(ticket) in text and level == logging.WARNING
    assert files(tmp_path) == whole


def full_disk(scene):
    if scene.name == 'b':
        raise OSError(28, 'No space left on device', 'b.bin')
    return one_point(scene)


def test_reason_of_a_failure_of_the_disk_is_told(tmp_path):
    failed = run_scenes(tmp_path, full_disk)[1]
    assert failed.state == 'failed'
    assert 'No space left' in failed.notes[0]


def test_failure_while_writing_leaves_no_file_of_the_scene(tmp_path, monkeypatch):
    written = layout_scenes.atomic_write

    def full(path):
        if Path(path).parent.name == 'normals' and Path(path).stem == 'b':
            raise OSError(28, 'No space left on device', str(path))
        return written(path)

    monkeypatch.setattr(layout_scenes, 'atomic_write', full)
    assert [it.state for it in run_scenes(tmp_path)] == ['prepared', 'failed', 'prepared', 'prepared']
    assert not list(tmp_path.rglob('*b.*'))


def test_other_settings_and_lost_files_make_scenes_anew(tmp_path):
    run_scenes(tmp_path, voxel_size=1)
    states = [it.state for it in run_scenes(tmp_path, functools.partial(one_point, other=5), voxel_size=2)]
    assert states == ['prepared'] * 4
    assert np.fromfile(tmp_path / 'points' / 'a.bin', np.float32)[0] == 5
    (tmp_path / 'points' / 'b.bin').write_bytes(b'')
    (tmp_path / 'semantic_mask' / 'd.bin').unlink()
    states = [it.state for it in run_scenes(tmp_path, voxel_size=2)]
    assert states == ['kept', 'prepared', 'kept', 'prepared']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(workers=0), 'workers must be at least 1, got 0'),
        (dict(names=''), 'scenes must not be empty'),
        (dict(names='abca'), 'names of their own, got twice: a'),
    ],
)
def test_bad_arguments_raise_before_anything_is_written(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run_scenes(tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='out must be a folder, got the file'):
        run_scenes(tmp_path / 'file')


def test_lists_that_are_missing_are_named(tmp_path):
    raw = write_raw_scannet(tmp_path / 'raw', spacing=1.0)
    (raw / 'meta_data' / 'scannetv2_val.txt').unlink()
    with pytest.raises(FileNotFoundError, match=f'splits: expected the file scannetv2_val.txt in {raw}'):
        prepare_scannet(raw, tmp_path / 'out')
