"""Writers of scan files for the tests, one for each format, made from the formats' descriptions."""

from __future__ import annotations

import struct

import numpy as np
from plyfile import PlyData, PlyElement

NAMES = ('x', 'y', 'z', 'red', 'green', 'blue', 'nx', 'ny', 'nz')


def a_scan(points=40, seed=0):
    """(P, 3) xyz, rgb and unit normals, all float32 numbers that every format holds exactly."""
    rng = np.random.default_rng(seed)
    xyz = rng.uniform(-5, 5, (points, 3)).astype(np.float32)
    rgb = rng.integers(0, 256, (points, 3)).astype(np.float32)
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    normal = axes[rng.integers(0, 6, points)].astype(np.float32)
    return xyz, rgb, normal


def write_ply_file(path, xyz, rgb, normal, text=False, byte_order='<', place='f4'):
    fields = (
        [(n, place) for n in NAMES[:3]] + [(n, 'u1') for n in NAMES[3:6]] + [(n, 'f4') for n in NAMES[6:]]
    )
    vertex = np.empty(len(xyz), fields)
    for name, column in zip(NAMES, np.concatenate([xyz, rgb, normal], 1).T):
        vertex[name] = column
    face = np.array([([0, 1, 2],)], dtype=[('vertex_indices', 'i4', (3,))])
    elements = [PlyElement.describe(vertex, 'vertex'), PlyElement.describe(face, 'face')]
    PlyData(elements, text=text, byte_order='=' if text else byte_order).write(str(path))


def pack_rgb(rgb):
    """The float whose bits are 0x00RRGGBB."""
    r, g, b = rgb.astype(np.uint32).T
    return (r << 16 | g << 8 | b).astype('<u4').view('<f4')


def write_pcd_file(path, xyz, rgb, normal, encoding='binary'):
    columns = [*xyz.T, pack_rgb(rgb), *normal.T]
    header = (
        '# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n'
        'FIELDS x y z rgb normal_x normal_y normal_z\nSIZE 4 4 4 4 4 4 4\nTYPE F F F F F F F\n'
        f'COUNT 1 1 1 1 1 1 1\nWIDTH {len(xyz)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\n'
        f'POINTS {len(xyz)}\nDATA {encoding}\n'
    ).encode()
    if encoding == 'ascii':
        body = '\n'.join(' '.join(repr(float(v)) for v in row) for row in zip(*columns)).encode()
    elif encoding == 'binary':
        body = np.stack(columns, 1).astype('<f4').tobytes()
    else:
        raw = np.stack(columns).astype('<f4').tobytes()
        packed = lzf_compress(raw)
        body = struct.pack('<II', len(packed), len(raw)) + packed
    path.write_bytes(header + body)


def lzf_compress(data):
    """LZF with a match wherever three bytes occurred in the last 8191; slow, for small data."""
    out, literals, seen, i = bytearray(), bytearray(), {}, 0

    def flush():
        for start in range(0, len(literals), 32):
            chunk = literals[start : start + 32]
            out.append(len(chunk) - 1)
            out.extend(chunk)
        literals.clear()

    while i < len(data):
        key = data[i : i + 3]
        before = seen.get(key, -1) if len(key) == 3 else -1
        seen[key] = i
        if before < 0 or i - before > 8191:
            literals.append(data[i])
            i += 1
            continue
        length = 3
        while length < 264 and i + length < len(data) and data[before + length] == data[i + length]:
            length += 1
        flush()
        distance = i - before - 1
        if length - 2 < 7:
            out.append((length - 2) << 5 | distance >> 8)
        else:
            out.extend((7 << 5 | distance >> 8, length - 2 - 7))
        out.append(distance & 255)
        i += length
    flush()
    return bytes(out)


def write_npy_file(path, xyz, rgb, normal):
    np.save(path, np.concatenate([xyz, rgb, normal], 1))


def write_npz_file(path, xyz, rgb, normal):
    np.savez(path, coord=xyz, color=rgb.astype(np.uint8), normal=normal)


def write_txt_file(path, xyz, rgb, normal, separator=' ', header=''):
    rows = np.concatenate([xyz, rgb, normal], 1)
    lines = [separator.join(repr(float(v)) for v in row) for row in rows]
    path.write_text('\n'.join([header, *lines] if header else lines) + '\n')


def write_bin_file(path, xyz, rgb, normal):
    np.concatenate([xyz, rgb, normal], 1).astype('<f4').tofile(path)
