"""Damaged scan files by the thousand: whole files of each format, changed at random places."""

from __future__ import annotations

import random
import re
from functools import partial

import numpy as np
import scan_writers as writers
import trimesh
from survey_writers import channels, station, write_e57_file, write_las_file

EXTREMES = (b'-1', b'0', b'1e30', b'nan', b'inf', b'9' * 18, b'9' * 30, b'4294967295', b'-9e200', b'x', b'')


def write_labelled_npz(path, xyz, rgb, normal):
    label = np.arange(len(xyz)) % 3
    np.savez_compressed(path, xyz=xyz, rgb=rgb, normal=normal, label=label, names=['a', 'b', 'c'])


def las(kind, version):
    def write(path, xyz, rgb, normal):
        classes = np.arange(len(xyz)) % 20
        write_las_file(path, xyz.astype(float), kind, version, classification=classes, **channels(rgb * 257))

    return write


def write_e57(path, xyz, rgb, normal):
    path.unlink(missing_ok=True)
    write_e57_file(path, [(station(xyz.astype(float), rgb), {}), (station(xyz.astype(float)), {})])


def mesh(path, xyz, rgb, normal):
    faces = np.arange(len(xyz) // 3 * 3).reshape(-1, 3)
    trimesh.Trimesh(xyz, faces, vertex_colors=rgb.astype(np.uint8), process=False).export(str(path))


def ascii_stl(path, xyz, rgb, normal):
    faces = np.arange(len(xyz) // 3 * 3).reshape(-1, 3)
    path.write_text(trimesh.Trimesh(xyz, faces, process=False).export(file_type='stl_ascii'))


def counted(path, xyz, rgb, normal):
    writers.write_txt_file(path, xyz, rgb, normal, header=str(len(xyz)))


FORMATS = {
    'binary.ply': writers.write_ply_file,
    'ascii.ply': partial(writers.write_ply_file, text=True),
    'binary.pcd': writers.write_pcd_file,
    'ascii.pcd': partial(writers.write_pcd_file, encoding='ascii'),
    'compressed.pcd': partial(writers.write_pcd_file, encoding='binary_compressed'),
    'table.npy': writers.write_npy_file,
    'stored.npz': writers.write_npz_file,
    'deflated.npz': write_labelled_npz,
    'blanks.txt': writers.write_txt_file,
    'commas.xyz': partial(writers.write_txt_file, separator=', ', header='x,y,z,r,g,b,nx,ny,nz'),
    'rows.bin': writers.write_bin_file,
    'semicolons.csv': partial(writers.write_txt_file, separator=';'),
    'counted.pts': counted,
    'format7.las': las(7, '1.4'),
    'format2.las': las(2, '1.2'),
    'format7.laz': las(7, '1.4'),
    'format2.laz': las(2, '1.2'),
    'stations.e57': write_e57,
    'mesh.obj': mesh,
    'mesh.glb': mesh,
    'mesh.ply': mesh,
    'binary.stl': mesh,
    'ascii.stl': ascii_stl,
}


def damaged(data: bytes, rng: random.Random) -> bytes:
    """`data` after one to three changes of bytes, numbers, words or length."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice((_flip, _flip, _another_number, _another_number, _cut, _repeat, _insert))(data, rng)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    # Headers are short and matter most.
    return rng.randrange(min(len(data), 400) if rng.random() < 0.6 else len(data)) if data else 0


def _flip(data, rng):
    i = _place(data, rng)
    return data[:i] + bytes([data[i] ^ 1 << rng.randrange(8)]) + data[i + 1 :] if data else data


def _another_number(data, rng):
    found = list(re.finditer(rb'-?\d+(\.\d+)?|[a-z]+', data[:600]))
    if not found:
        return data
    word = rng.choice(found)
    instead = rng.choice((*EXTREMES, rng.choice(found)[0]))
    return data[: word.start()] + instead + data[word.end() :]


def _cut(data, rng):
    i = _place(data, rng)
    return data[:i] if rng.random() < 0.5 else data[:i] + data[i + rng.randint(1, 40) :]


def _repeat(data, rng):
    i, j = _place(data, rng), _place(data, rng)
    return data[:i] + data[j : j + rng.randint(1, 60)] + data[i:]


def _insert(data, rng):
    i = _place(data, rng)
    noise = bytes(rng.randrange(256) for _ in range(9))
    junk = rng.choice((b'\x00' * 8, b'\xff' * 8, b'\n', b' ', b'{' * 50, noise))
    return data[:i] + junk + data[i + rng.choice((0, len(junk))) :]
