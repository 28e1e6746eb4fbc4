"""Rooms are kept while ticket and files are whole; one that fails costs no other."""

import pickle
import shutil

import pytest

from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.datasets.layout import scenes, tickets
from swin3d_mmdet3d.synthetic_rooms import make_rooms

ROOM = 'Area_1_conferenceRoom_1'
TICKET = f'finished_rooms/{ROOM}.json'
SETTINGS = dict(num_rooms=1, points_per_room=1000, frames_per_room=1, frame_size=(32, 24), workers=1)


def all_bytes(root):
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob('*')) if p.is_file()}


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    return make_rooms('s3dis', tmp_path_factory.mktemp('finished'), **SETTINGS)


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


LOSSES = {
    'cut ticket': (TICKET, cut),
    'pickle': (TICKET, lambda path: path.write_bytes(pickle.dumps({'stamp': ''}))),
    'cut points': (f'points/{ROOM}.bin', cut),
    'no normals': (f'normals/{ROOM}.bin', lambda path: path.unlink()),
    'empty mask': (f'semantic_mask/{ROOM}.bin', lambda path: path.write_bytes(b'')),
    'no frame': (f'posed_images/{ROOM}/00000.jpg', lambda path: path.unlink()),
    'cut depth': (f'posed_images/{ROOM}/00000.png', cut),
    'no intrinsics': (f'posed_images/{ROOM}/intrinsic.txt', lambda path: path.unlink()),
}


@pytest.mark.parametrize('case', LOSSES)
def test_a_room_is_made_again_where_ticket_or_file_is_no_longer_whole(case, finished, tmp_path, monkeypatch):
    root = shutil.copytree(finished, tmp_path / 'rooms')
    file, lose = LOSSES[case]
    lose(root / file)
    warnings = []
    monkeypatch.setattr(tickets, 'print_log', lambda text, *_: warnings.append(text))
    make_rooms('s3dis', root, **SETTINGS)
    assert all_bytes(root) == all_bytes(finished)
    assert [str(root / file) in text for text in warnings] == [True] * (file == TICKET)


def test_tickets_run_no_code(finished, tmp_path):
    root = shutil.copytree(finished, tmp_path / 'rooms')
    for path in (root / 'finished_rooms').iterdir():
        path.write_bytes(b"cos\nsystem\n(S'touch %s'\ntR." % bytes(tmp_path / 'ran'))
    make_rooms('s3dis', root, **SETTINGS)
    assert not (tmp_path / 'ran').exists() and all_bytes(root) == all_bytes(finished)


def test_frames_of_an_earlier_room_of_that_name_go_with_it(finished, tmp_path):
    root = shutil.copytree(finished, tmp_path / 'rooms')
    make_rooms('s3dis', root, **{**SETTINGS, 'seed': 1, 'frames_per_room': 0})
    assert not (root / 'posed_images' / ROOM).exists()


@pytest.mark.slow
def test_rooms_that_are_kept_have_the_info_files_of_new_ones(tmp_path):
    options = dict(num_rooms=3, points_per_room=1000)
    root = make_rooms('scannet', tmp_path / 'one', workers=1, **options)
    whole = all_bytes(root)
    (root / 'points' / 'scene0001_00.bin').unlink()
    make_rooms('scannet', root, workers=2, **options)
    assert all_bytes(root) == whole
    assert all_bytes(make_rooms('scannet', tmp_path / 'two', workers=2, **options)) == whole


def full_disk_for_second(path):
    if '_2_' in path.name:
        raise OSError(28, 'No space left on device', str(path))
    return atomic_write(path)


def test_a_room_that_fails_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, 'atomic_write', full_disk_for_second)
    options = dict(num_rooms=3, points_per_room=1000, workers=2)
    with pytest.raises(RuntimeError, match='1 of 3 rooms failed, the others are kept: .*No space left'):
        make_rooms('s3dis', tmp_path, **options)
    assert len(list((tmp_path / 'finished_rooms').iterdir())) == 2
    monkeypatch.undo()
    make_rooms('s3dis', tmp_path, **options)
    assert len(list((tmp_path / 'finished_rooms').iterdir())) == 3
