"""A ticket is believed while it, its settings and the files that it names are what they were."""

import json
import logging
import zlib

import pytest

from swin3d_mmdet3d.datasets.layout import tickets
from swin3d_mmdet3d.datasets.layout.tickets import read_ticket, write_ticket

STAMP = {'seed': 1, 'size': (640, 480)}
CONTENT = {'info': {'box': [0.1, 1e-300, -3.0], 'name': 'a'}, 'points': 3}


@pytest.fixture
def ticket(tmp_path):
    (tmp_path / 'points').mkdir()
    (tmp_path / 'points' / 'a.bin').write_bytes(b'abc')
    path = tmp_path / 'tickets' / 'a.json'
    assert write_ticket(path, tmp_path, STAMP, [tmp_path / 'points' / 'a.bin'], CONTENT) == CONTENT
    return path


@pytest.fixture
def warnings(monkeypatch):
    found = []
    monkeypatch.setattr(tickets, 'print_log', lambda text, logger, level: found.append((text, level)))
    return found


def test_a_whole_ticket_gives_back_its_content(ticket, tmp_path, warnings):
    assert read_ticket(ticket, tmp_path, STAMP) == CONTENT
    assert read_ticket(ticket, tmp_path, {'size': [640, 480], 'seed': 1}) == CONTENT
    assert not warnings


@pytest.mark.parametrize('stamp', [{**STAMP, 'seed': 2}, {'seed': 1}, {}])
def test_other_settings_are_no_damage(stamp, ticket, tmp_path, warnings):
    assert read_ticket(ticket, tmp_path, stamp) is None and not warnings


@pytest.mark.parametrize('content', [b'', b'ab', b'abcd'])
def test_files_of_another_size_are_not_kept(content, ticket, tmp_path, warnings):
    (tmp_path / 'points' / 'a.bin').write_bytes(content)
    assert read_ticket(ticket, tmp_path, STAMP) is None and not warnings
    (tmp_path / 'points' / 'a.bin').unlink()
    assert read_ticket(ticket, tmp_path, STAMP) is None and not warnings


def test_no_ticket_is_no_damage(tmp_path, warnings):
    assert read_ticket(tmp_path / 'a.json', tmp_path, STAMP) is None and not warnings


def test_every_damaged_ticket_is_named(ticket, tmp_path, warnings):
    whole = ticket.read_bytes()
    signed = json.loads(whole)
    damages = [whole[:end] for end in range(0, len(whole), 7)]
    damages += [whole[:i] + bytes([byte ^ 1]) + whole[i + 1 :] for i, byte in enumerate(whole)]
    damages += [b'{}', b'null', b'3', b'[]', b'"a"', b'\xff\xfe', b'[' * 100_000, b'\x80\x04N.']
    damages += [json.dumps({**signed, 'ticket': other}).encode() for other in (None, {}, [], 3)]
    inside = signed['ticket']
    for forged in (
        *({name: inside[name] for name in inside if name != lost} for lost in inside),
        *({**inside, name: other} for name in ('bytes', 'content') for other in (None, 3, 'a', [1])),
    ):
        sum_ = zlib.crc32(json.dumps(forged, sort_keys=True).encode())
        damages.append(json.dumps({'crc32': sum_, 'ticket': forged}).encode())
    for content in damages:
        ticket.write_bytes(content)
        assert read_ticket(ticket, tmp_path, STAMP) is None, content
        text, level = warnings.pop()
        assert str(ticket) in text and level == logging.WARNING and not warnings


def test_a_folder_in_its_place_is_named(tmp_path, warnings):
    assert read_ticket(tmp_path, tmp_path, STAMP) is None
    assert str(tmp_path) in warnings[0][0]
