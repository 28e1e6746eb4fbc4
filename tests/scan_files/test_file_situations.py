"""What people's scan files look like: each situation is read with its values or refused with its reason.

Files are made by numpy, plyfile and other libraries or by hand from the formats' descriptions, never by the
package's own writers. Keys are the file's ending and what is special about it.
"""

import codecs

import numpy as np
import pytest
from file_situations import check_situation
from plyfile import PlyData, PlyElement

POINTS = 40
RNG = np.random.default_rng(7)
XYZ = np.round(RNG.uniform(-3, 3, (POINTS, 3)), 3) + 0.0004
GREY = RNG.integers(40, 200, (POINTS, 1))
RGB = (GREY + RNG.integers(-40, 56, (POINTS, 3))).astype(float)
NORMAL = np.concatenate([np.eye(3), -np.eye(3)])[RNG.integers(0, 6, POINTS)]
LABEL = np.arange(POINTS) % 13
INTENSITY = RNG.integers(-2000, 2000, POINTS)
RING = np.arange(POINTS) % 32
INDEX = np.arange(POINTS)
F32 = XYZ.astype(np.float32).astype(np.float64)
ALL = dict(xyz=XYZ, color=RGB, normal=NORMAL)


def number(value, point='.'):
    return repr(int(value) if float(value).is_integer() and abs(value) > 5 else float(value)).replace(
        '.', point
    )


def lines(*columns, sep=' ', end='\n', tail='', point='.'):
    table = np.column_stack(columns)
    return ''.join(sep.join(number(value, point) for value in row) + tail + end for row in table)


def text(content, encoding='utf-8', mark=b''):
    return lambda path: path.write_bytes(mark + content.encode(encoding))


def whole(*columns, sep=' ', head=''):
    """Rows of whole numbers, none with a decimal point."""
    return head + ''.join(sep.join(str(int(v)) for v in row) + '\n' for row in np.column_stack(columns))


PLAIN = lines(XYZ, RGB)
MILLIMETRES = np.rint(XYZ * 1000)
HEAD = 'x y z r g b\n'
FEW = slice(0, 5)

TEXTS = {
    'txt: xyz alone': (text(lines(XYZ)), dict(xyz=XYZ, color=None)),
    'xyz: xyz rgb': (text(PLAIN), dict(xyz=XYZ, color=RGB)),
    'xyz: xyz normal': (text(lines(XYZ, NORMAL)), dict(xyz=XYZ, color=None, normal=NORMAL)),
    'xyzrgb: colours of 0..1': (text(lines(XYZ, RGB / 255)), dict(xyz=XYZ, color=RGB)),
    'asc: colours of 16 bits': (text(lines(XYZ, RGB * 257)), dict(xyz=XYZ, color=RGB)),
    'txt: normals before colours': (text(lines(XYZ, NORMAL, RGB)), ALL),
    'pts: count line, negative intensity, rgb': (
        text(f'{POINTS}\n' + lines(XYZ, INTENSITY, RGB)),
        dict(xyz=XYZ, color=RGB),
    ),
    'pts: count line, intensity of 0..255': (
        text(f'{POINTS}\n' + lines(XYZ, GREY, RGB)),
        dict(xyz=XYZ, color=RGB),
    ),
    'pts: two blocks, each with its count': (
        text(f'30\n{lines(XYZ[:30])}10\n{lines(XYZ[30:])}'),
        dict(xyz=XYZ),
    ),
    'pts: fewer rows than counted': (text(f'50\n{PLAIN}'), 'truncated: a line counts 50 rows'),
    'pts: more rows than counted': (text(f'30\n{PLAIN}'), 'more rows follow than the 30'),
    'txt: xyz intensity rgb that could be xyz rgb label': (
        text(lines(XYZ, GREY, RGB)),
        'do not tell which is what',
    ),
    'txt: negative intensity before rgb': (text(lines(XYZ, INTENSITY, RGB)), dict(xyz=XYZ, color=RGB)),
    'txt: xyz rgb label (S3DIS)': (text(lines(XYZ, RGB, LABEL)), dict(xyz=XYZ, color=RGB, label=None)),
    'txt: xyz and an opaque rgba': (text(lines(XYZ, RGB, np.full(POINTS, 255))), dict(xyz=XYZ, color=RGB)),
    'txt: xyz rgb normal label': (text(lines(XYZ, RGB, NORMAL, LABEL)), ALL),
    'txt: xyz and intensity': (text(lines(XYZ, INTENSITY)), dict(xyz=XYZ, color=None)),
    'txt: xyz and three numbers that are no colours': (
        text(lines(XYZ, INTENSITY, LABEL, INDEX)),
        'neither colours',
    ),
    'txt: xyz, semantic, instance and part labels': (
        text(lines(XYZ, LABEL, LABEL[::-1], INDEX % 9)),
        'neither colours',
    ),
    'txt: xyz, intensity, label and time': (
        text(lines(XYZ, GREY, LABEL, INDEX / 41)),
        'neither colours',
    ),
    'txt: xyz and one red for all': (
        text(lines(XYZ, np.tile([255, 0, 0], (POINTS, 1)))),
        dict(xyz=XYZ, color=np.tile([255.0, 0, 0], (POINTS, 1))),
    ),
    'txt: xyz and dark colours': (text(lines(XYZ, RGB // 5)), dict(xyz=XYZ, color=RGB // 5)),
    'txt: index before xyz': (text(lines(INDEX, XYZ)), dict(xyz=XYZ, color=None)),
    'txt: index from 1 before xyz rgb': (text(lines(INDEX + 1, XYZ, RGB)), dict(xyz=XYZ, color=RGB)),
    'txt: index with gaps before xyz rgb': (text(lines(INDEX * 3 + 7, XYZ, RGB)), dict(xyz=XYZ, color=RGB)),
    'txt: index of few rows': (text(lines(INDEX[FEW], XYZ[FEW])), 'do not tell whether the first'),
    'txt: normalised places after xyz rgb (PointNet)': (
        text(lines(XYZ, RGB, (XYZ - XYZ.min(0)) / np.ptp(XYZ, axis=0))),
        dict(xyz=XYZ, color=RGB),
    ),
    'csv: commas, header, label': (
        text('x,y,z,label\n' + lines(XYZ, LABEL, sep=',')),
        dict(xyz=XYZ, label=LABEL),
    ),
    'csv: quoted header with units': (text('"X [m]";"Y [m]";"Z [m]"\n' + lines(XYZ, sep=';')), dict(xyz=XYZ)),
    'csv: semicolons with decimal commas': (
        text(lines(XYZ, RGB, sep=';', point=',')),
        dict(xyz=XYZ, color=RGB),
    ),
    'txt: blanks with decimal commas': (text(lines(XYZ, RGB, point=',')), dict(xyz=XYZ, color=RGB)),
    'csv: commas as separators and decimal marks': (
        text('1,5,2,5,3,5\n2,5,3,5,4,5\n'),
        'commas may be decimal marks as well as separators',
    ),
    'csv: the same under a header of three': (text('x,y,z\n1,5,2,5,3,5\n'), 'commas may be decimal marks'),
    'txt: commas that may separate thousands': (
        text('1,234 5,678 9,012\n'),
        'decimal marks or separate thousands',
    ),
    'txt: thousands and decimals': (text('1.234,5;2.345,6;3,1\n'), 'neither decimal marks nor'),
    'csv: whole millimetres under a header': (
        text(whole(MILLIMETRES, RGB, sep=',', head='x,y,z,r,g,b\n')),
        dict(xyz=MILLIMETRES, color=RGB),
    ),
    'csv: whole millimetres without one': (
        text(whole(MILLIMETRES, RGB, sep=',')),
        dict(xyz=MILLIMETRES, color=RGB),
    ),
    'csv: separator at the ends of lines': (
        text(lines(XYZ, RGB, sep=',', tail=',')),
        dict(xyz=XYZ, color=RGB),
    ),
    'csv: a line of separators alone': (
        text('x,y,z\n1.5,2.5,3.5\n,,\n'),
        'wrong number of columns or no number',
    ),
    'csv: an empty field': (text('1.5,2.5,,4\n2.5,3.5,,5\n'), 'no number'),
    'txt: an empty field between tabs': (text('1.5\t2.5\t\t4\n2.5\t3.5\t\t5\n'), 'no number'),
    'txt: UTF-16 with its mark': (
        text(HEAD + PLAIN, 'utf-16-le', codecs.BOM_UTF16_LE),
        dict(xyz=XYZ, color=RGB),
    ),
    'txt: big-endian UTF-16': (text(PLAIN, 'utf-16-be', codecs.BOM_UTF16_BE), dict(xyz=XYZ)),
    'txt: UTF-16 without its mark': (text(PLAIN, 'utf-16-le'), 'needs its byte order mark'),
    'txt: UTF-8 with its mark': (text(HEAD + PLAIN, mark=codecs.BOM_UTF8), dict(xyz=XYZ, color=RGB)),
    'txt: Latin-1 in a comment': (text('# Größe in m\n' + PLAIN, 'latin-1'), dict(xyz=XYZ, color=RGB)),
    'txt: lines that end in CR LF': (text(lines(XYZ, RGB, end='\r\n')), dict(xyz=XYZ, color=RGB)),
    'txt: lines that end in CR': (text(lines(XYZ, RGB, end='\r')), dict(xyz=XYZ, color=RGB)),
    'txt: header of CloudCompare': (
        text('//X Y Z R G B Scalar_Label\n' + lines(XYZ, RGB, LABEL)),
        dict(xyz=XYZ, color=RGB, label=LABEL),
    ),
    'txt: colours of 0..1 named Rf Gf Bf': (
        text('//X Y Z Rf Gf Bf\n' + lines(XYZ, RGB / 255)),
        dict(xyz=XYZ, color=RGB),
    ),
    'txt: header behind a remark': (
        text('# exported\n# x y z nx ny nz\n' + lines(XYZ, NORMAL)),
        dict(xyz=XYZ, normal=NORMAL, color=None),
    ),
    'csv: header without x, y, z': (
        text('lat,lon,height\n' + lines(XYZ, sep=',')),
        'names the columns lat, lon, height',
    ),
    'csv: header with a name twice': (text('x,y,z,x\n' + lines(XYZ, LABEL, sep=',')), 'got x twice'),
    'csv: header longer than the rows': (
        text('x,y,z,r,g,b\n' + lines(XYZ, sep=',')),
        'names 6 columns, the rows have 3',
    ),
    'txt: negative colours under their names': (text(HEAD + lines(XYZ, RGB - 200)), 'color: expected'),
    'txt: NaN as Microsoft writes it': (
        text('1.5 2.5 3.5\n1.#QNAN 0 0\n2.5 2.5 2.5\n'),
        dict(xyz=np.array([[1.5] * 3, [2.5] * 3]) + [[0, 1, 2], [0, 0, 0]]),
    ),
    'asc: ESRI grid of heights': (text('ncols 4\nnrows 2\nxllcorner 0\n1 2 3 4\n5 6 7 8\n'), 'an ESRI grid'),
    'xyz: molecule': (text('2\nwater\nO 0.1 0.2 0.3\nH 1.1 1.2 1.3\n'), 'no row of numbers follows'),
    'txt: ragged rows': (text('1.5 2.5 3.5\n1.5 2.5\n'), 'wrong number of columns'),
    'txt: binary content': (lambda path: path.write_bytes(XYZ.tobytes()), 'not a text file'),
}


def floats(*columns):
    return lambda path: np.column_stack(columns).astype('<f4').tofile(path)


MANY = np.concatenate([XYZ + [0.3 * i, 0.2 * i, 0] for i in range(6)])
MANY_RGB, MANY_NORMAL = np.tile(RGB, (6, 1)), np.tile(NORMAL, (6, 1))
MANY_F32 = MANY.astype(np.float32).astype(np.float64)
REMISSION = np.random.default_rng(3).uniform(0, 1, len(MANY))
BINS = {
    'bin: xyz': (floats(MANY * [1, 1, 0.2]), dict(xyz=(MANY * [1, 1, 0.2]).astype('f4').astype('f8'))),
    'bin: xyz intensity (KITTI)': (floats(MANY, REMISSION), dict(xyz=MANY_F32, color=None)),
    'bin: xyz intensity ring (nuScenes)': (
        floats(MANY, REMISSION * 255, np.arange(len(MANY)) % 32),
        dict(xyz=MANY_F32, color=None),
    ),
    'bin: xyz rgb (mmdet3d)': (floats(MANY, MANY_RGB), dict(xyz=MANY_F32, color=MANY_RGB)),
    'bin: xyz rgb of 0..1 (SUN RGB-D)': (floats(MANY, MANY_RGB / 255), dict(xyz=MANY_F32, color=MANY_RGB)),
    'bin: xyz normal': (floats(MANY, MANY_NORMAL), dict(xyz=MANY_F32, color=None, normal=MANY_NORMAL)),
    'bin: xyz rgb normal': (
        floats(MANY, MANY_RGB, MANY_NORMAL),
        dict(xyz=MANY_F32, color=MANY_RGB, normal=MANY_NORMAL),
    ),
    'bin: xyz rgb normalised xyz (S3DIS of PointNet)': (
        floats(MANY, MANY_RGB, (MANY - MANY.min(0)) / np.ptp(MANY, axis=0)),
        dict(xyz=MANY_F32, color=MANY_RGB),
    ),
    'bin: xyz intensity elongation time (Waymo)': (
        floats(MANY, REMISSION, REMISSION * 1.5, REMISSION * 0),
        'look like rows of|do not tell',
    ),
    'bin: rows of 7': (floats(MANY, MANY_RGB, np.arange(len(MANY)) % 13), 'look like rows of 7'),
    'bin: rows of 8': (floats(MANY, MANY_RGB, RING.repeat(6), LABEL.repeat(6)), 'look like rows of 8'),
    'bin: too few numbers to tell': (floats(XYZ[FEW], RGB[FEW]), 'do not tell which'),
    'bin: cut in the middle of a number': (
        lambda path: path.write_bytes(MANY.tobytes()[:-3]),
        'no whole number of float32 rows',
    ),
    'bin: float64': (lambda path: MANY.astype('<f8').tofile(path), 'numbers of another type'),
    'bin: labels of int64': (lambda path: np.arange(600).tofile(path), 'numbers of another type'),
}


def ply(columns, text=False, change=lambda data: data, byte_order='<', faces=None):
    """A PLY of named columns, whose bytes `change` may change."""

    def write(path):
        vertex = np.empty(
            POINTS, [(name, np.asarray(values).dtype.str[1:]) for name, values in columns.items()]
        )
        for name, values in columns.items():
            vertex[name] = values
        elements = [PlyElement.describe(vertex, 'vertex')]
        if faces is not None:
            rows = np.empty(len(faces), [('vertex_indices', 'O')])
            rows['vertex_indices'] = [np.array(face, 'i4') for face in faces]
            elements.append(PlyElement.describe(rows, 'face', len_types={'vertex_indices': 'u1'}))
        PlyData(elements, text=text, byte_order='=' if text else byte_order).write(str(path))
        path.write_bytes(change(path.read_bytes()))

    return write


def named(names, values, dtype):
    return {name: column.astype(dtype) for name, column in zip(names.split(), np.asarray(values).T)}


def swap(old, new):
    def change(data):
        assert old in data
        return data.replace(old, new, 1)

    return change


PLACE = named('x y z', XYZ, 'f8')
U1 = named('red green blue', RGB, 'u1')
COLORED = {**PLACE, **U1}
READ = dict(xyz=XYZ, color=RGB)
SPLAT = (RGB / 255 - 0.5) / 0.28209479177387814


def crlf_header(data):
    head, data = data.split(b'end_header\n', 1)
    return head.replace(b'\n', b'\r\n') + b'end_header\r\n' + data


def non_ascii(encoding):
    return swap(b'element', 'comment Größe des Büros\nelement'.encode(encoding))


PLYS = {
    'ply: comment in UTF-8': (ply(COLORED, change=non_ascii('utf-8')), READ),
    'ply: comment in Latin-1, ascii data': (ply(COLORED, True, non_ascii('latin-1')), READ),
    'ply: header of CR LF, binary data': (ply(COLORED, change=crlf_header), READ),
    'ply: CR LF in the header and in ascii data': (
        ply(COLORED, True, lambda data: data.replace(b'\n', b'\r\n')),
        READ,
    ),
    'ply: only some lines of the header end in CR LF': (
        ply(COLORED, change=swap(b'1.0\n', b'1.0\r\n')),
        READ,
    ),
    'ply: empty line after the header, ascii': (
        ply(COLORED, True, swap(b'end_header\n', b'end_header\n\n')),
        READ,
    ),
    'ply: empty line after the header, binary': (
        ply(COLORED, change=swap(b'end_header\n', b'end_header\n\n')),
        READ,
    ),
    'ply: empty line after the header of a mesh': (
        ply(COLORED, change=swap(b'end_header\n', b'end_header\n\n'), faces=[[0, 1, 2], [3, 4, 5, 6]]),
        READ,
    ),
    'ply: empty line after the data': (ply(COLORED, change=lambda data: data + b'\n'), READ),
    'ply: binary data sent as a text': (
        ply(COLORED, change=lambda data: crlf_header(data) + b'\r' * 7),
        'more than the header promises',
    ),
    'ply: more ascii rows than promised': (
        ply(COLORED, True, swap(b'vertex 40', b'vertex 30')),
        'promises 30 rows',
    ),
    'ply: more binary rows than promised': (
        ply(COLORED, change=swap(b'vertex 40', b'vertex 30')),
        'more than the header promises',
    ),
    'ply: colours of 16 bits': (ply({**PLACE, **named('red green blue', RGB * 257, 'u2')}), READ),
    'ply: colours r g b': (ply({**PLACE, **named('r g b', RGB, 'u1')}), READ),
    'ply: colours r g b of 0..1': (ply({**PLACE, **named('r g b', RGB / 255, 'f4')}), READ),
    'ply: colours Rf Gf Bf': (ply({**PLACE, **named('Rf Gf Bf', RGB / 255, 'f4')}), READ),
    'ply: colours diffuse_red ...': (
        ply({**PLACE, **named('diffuse_red diffuse_green diffuse_blue', RGB, 'u1')}),
        READ,
    ),
    'ply: Gaussian splats': (ply({**PLACE, **named('f_dc_0 f_dc_1 f_dc_2', SPLAT, 'f4')}), READ),
    'ply: Gaussian splats brighter than white': (
        ply({**PLACE, **named('f_dc_0 f_dc_1 f_dc_2', np.full((POINTS, 3), 9), 'f4')}),
        dict(color=np.full((POINTS, 3), 255.0)),
    ),
    'ply: scalar_Classification of CloudCompare': (
        ply({**COLORED, 'scalar_Classification': LABEL.astype('f4')}),
        {**READ, 'label': LABEL},
    ),
    'ply: scalar_label of CloudCompare': (
        ply({**COLORED, 'scalar_label': LABEL.astype('f4')}),
        {**READ, 'label': LABEL},
    ),
    'ply: label beside scalar_Classification': (
        ply({**PLACE, 'scalar_Classification': RING.astype('f4'), 'label': LABEL.astype('i4')}),
        dict(label=LABEL),
    ),
    'ply: negative colours': (ply({**PLACE, **named('r g b', RGB - 200, 'f4')}), 'color: expected'),
    'ply: big-endian float64': (ply(COLORED, byte_order='>'), READ),
}


def npy(array):
    return lambda path: np.save(path, array)


RECORDS = np.rec.fromarrays([*XYZ.T, *RGB.T, LABEL], names='x,y,z,red,green,blue,label')
ARRAYS = {
    'npy: xyz rgb label': (npy(np.c_[XYZ, RGB, LABEL]), dict(xyz=XYZ, color=RGB, label=None)),
    'npy: records with names': (npy(RECORDS), dict(xyz=XYZ, color=RGB, label=LABEL)),
    'npy: xyz and unit vectors that could be colours': (
        npy(np.c_[XYZ, np.abs(NORMAL)]),
        'do not tell which is what',
    ),
    'npy: xyz and 0 .. 300': (npy(np.c_[XYZ, RGB + 60]), 'neither colours'),
    'npy: columns in rows': (npy(XYZ.T), 'expected numbers in 3'),
    'npz: points of 7 columns': (
        lambda path: np.savez(path, points=np.c_[XYZ, RGB, LABEL]),
        dict(xyz=XYZ, color=RGB),
    ),
    'zip: unknown ending': (lambda path: path.write_bytes(b'x'), r'ending in \.ply, \.pcd, '),
}
SITUATIONS = {**TEXTS, **BINS, **PLYS, **ARRAYS}


@pytest.mark.parametrize('name', SITUATIONS)
def test_a_situation_is_read_with_its_values_or_refused_with_its_reason(name, tmp_path):
    write, expected = SITUATIONS[name]
    path = tmp_path / f'scan.{name.split(":")[0]}'
    write(path)
    check_situation(path, expected, xyz=0, label=0, others=1e-3)
