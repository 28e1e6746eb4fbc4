"""LAS, LAZ, E57 and meshes: read with their values, drawn evenly, or refused with the reason."""

import json
import struct
import sys
from functools import partial

import numpy as np
import pytest
import trimesh
from file_situations import check_situation
from PIL import Image
from survey_writers import channels, write_e57_file, write_las_file
from survey_writers import station as station_of

from swin3d_mmdet3d.scan_files import read_scan

POINTS = 60
RNG = np.random.default_rng(5)
XYZ = np.round(RNG.uniform(0, 4, (POINTS, 3)), 3)
RGB = RNG.integers(0, 256, (POINTS, 3))
LABEL = RNG.integers(2, 30, POINTS)
UTM = np.array([691_000.0, 5_334_000.0, 500.0])


def put(layout, offset, *values):
    return lambda raw: struct.pack_into(layout, raw, offset, *values)


def chunk_table(layout, offset, value):
    """Changes the table of chunks of a LAZ file."""

    def change(raw):
        (start,) = struct.unpack_from('<I', raw, 96)
        (table,) = struct.unpack_from('<q', raw, start)
        struct.pack_into(layout, raw, table + offset, value)

    return change


def layer_size(raw):
    """Promises four gigabytes in the first layer of a LAZ file."""
    start, record = struct.unpack_from('<I', raw, 96)[0], struct.unpack_from('<H', raw, 105)[0]
    struct.pack_into('<I', raw, start + 8 + record + 4, 0xFFFFFFF0)


def las(path, xyz=XYZ, **options):
    write_las_file(path, xyz, **options)


e57 = write_e57_file


def station(rgb=RGB, **more):
    return station_of(XYZ, rgb, **more)


def polar_e57(path):
    pye57 = pytest.importorskip('pye57')
    lib, file = pye57.libe57, pye57.E57(str(path), mode='w')
    image, scan = file.image_file, pye57.libe57.StructureNode(file.image_file)
    prototype, buffers = lib.StructureNode(image), lib.VectorSourceDestBuffer()
    for name, values in POLAR.items():
        prototype.set(name, lib.FloatNode(image, 0.0))
        buffers.append(lib.SourceDestBuffer(image, name, values, POINTS, True, True))
    points = lib.CompressedVectorNode(image, prototype, lib.VectorNode(image, True))
    scan.set('points', points)
    file.data3d.append(scan)
    writer = points.writer(buffers)
    writer.write(POINTS)
    writer.close()
    file.close()


TURN = np.array([np.cos(0.3), 0, 0, np.sin(0.3)])
TURNED = XYZ @ np.array([[np.cos(0.6), -np.sin(0.6), 0], [np.sin(0.6), np.cos(0.6), 0], [0, 0, 1]]).T
INVALID = np.arange(POINTS) % 7 == 0
REACH = np.linalg.norm(XYZ, axis=1)
POLAR = {
    'sphericalRange': REACH,
    'sphericalAzimuth': np.arctan2(XYZ[:, 1], XYZ[:, 0]),
    'sphericalElevation': np.arcsin(XYZ[:, 2] / REACH),
}
BOX = trimesh.creation.box((2, 3, 4))


def obj(content):
    return lambda path: path.write_text(content)


def glb(geometry, place=None, change=None):
    def write(path):
        scene = trimesh.Scene()
        scene.add_geometry(geometry, transform=place)
        raw = scene.export(file_type='glb')
        path.write_bytes(change(raw) if change else raw)

    return write


def glb_of_words(colors, position=5126, stride=None):
    """A GLB of points with colours of 16 bits, interleaved with their places where a stride is given."""
    count, channels = colors.shape
    places, words = XYZ[:count].astype('<f4'), colors.astype('<u2')
    if stride is None:
        body, starts, steps = places.tobytes() + words.tobytes(), (0, 12 * count), ({}, {})
    else:
        rows = np.zeros((count, stride), np.uint8)
        rows[:, :12] = places.view(np.uint8)
        rows[:, 12 : 12 + 2 * channels] = words.view(np.uint8)
        body, starts, steps = rows.tobytes(), (0, 12), ({'byteStride': stride},) * 2
    accessors = [
        {'bufferView': 0, 'componentType': position, 'count': count, 'type': 'VEC3'},
        {
            'bufferView': 1,
            'componentType': 5123,
            'count': count,
            'type': f'VEC{channels}',
            'normalized': True,
        },
    ]
    content = {
        'asset': {'version': '2.0'},
        'scene': 0,
        'scenes': [{'nodes': [0]}],
        'nodes': [{'mesh': 0}],
        'meshes': [{'primitives': [{'mode': 0, 'attributes': {'POSITION': 0, 'COLOR_0': 1}}]}],
        'accessors': accessors,
        'bufferViews': [
            {'buffer': 0, 'byteOffset': start, 'byteLength': len(body) - start, **step}
            for start, step in zip(starts, steps)
        ],
        'buffers': [{'byteLength': len(body)}],
    }
    text = json.dumps(content).encode()
    text, body = text + b' ' * (-len(text) % 4), body + b'\0' * (-len(body) % 4)
    head = struct.pack('<4sIIII', b'glTF', 2, 28 + len(text) + len(body), len(text), 0x4E4F534A)
    raw = head + text + struct.pack('<II', len(body), 0x004E4942) + body
    return lambda path: path.write_bytes(raw)


def required(extension):
    """Makes a GLB need an extension."""

    def change(raw):
        size = int.from_bytes(raw[12:16], 'little')
        content = {**json.loads(raw[20 : 20 + size]), 'extensionsRequired': [extension]}
        text = json.dumps(content).encode()
        text += b' ' * (-len(text) % 4)
        head = struct.pack('<4sIIII', b'glTF', 2, len(raw) - size + len(text), len(text), 0x4E4F534A)
        return head + text + raw[20 + size :]

    return change


def stl(text=False, change=lambda raw: raw):
    def write(path):
        raw = BOX.export(file_type='stl_ascii' if text else 'stl')
        path.write_bytes(change(raw.encode() if text else raw))

    return write


def swap(old, new):
    def change(raw):
        assert old in raw
        return raw.replace(old, new, 1)

    return change


def picture():
    """Four pixels: red, green over blue, white."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    return Image.fromarray(pixels)


Z_UP = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
COLORED = trimesh.Trimesh(XYZ[:3], [[0, 1, 2]], vertex_colors=RGB[:3], process=False)
UV = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
PLACE = np.array([[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1.0]])
TRIANGLE = 'v 0 0 0 255 0 0\nv 1 0 0 0 255 0\nv 0 1 0 0 0 255\n'
TRIANGLE_XYZ, TRIANGLE_RGB = np.eye(3)[[2, 0, 1]] * [1, 1, 0], np.eye(3) * 255
CORNERS = np.unique(BOX.vertices, axis=0)
MATERIAL = 'mtllib a.mtl\nusemtl m\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n'
WORDS = RNG.integers(0, 65536, (7, 3))
PLACES = XYZ[:7].astype(np.float32) @ Z_UP.T
SITUATIONS = {
    'las: colours of 16 bits, classes': (
        partial(las, classification=LABEL, **channels(RGB * 257)),
        dict(xyz=XYZ, color=RGB, label=LABEL),
    ),
    'las: colours of 8 bits in fields of 16': (partial(las, **channels(RGB)), dict(xyz=XYZ, color=RGB)),
    'las: point format 2 of version 1.2': (
        partial(las, kind=2, version='1.2', classification=LABEL, **channels(RGB * 257)),
        dict(xyz=XYZ, color=RGB, label=LABEL),
    ),
    'las: no colours, never classified': (partial(las, kind=6), dict(xyz=XYZ, color=None, label=None)),
    'las: colours that are all 0': (las, dict(xyz=XYZ, color=None)),
    'las: far from the origin': (
        partial(las, xyz=XYZ + UTM, offset=UTM),
        dict(xyz=np.rint(XYZ * 1000) * 0.001 + UTM),
    ),
    'las: an extra dimension label before the class': (
        partial(las, classification=LABEL, label=(LABEL + 300).astype(np.int32)),
        dict(label=LABEL + 300),
    ),
    'las: normals of CloudCompare': (
        partial(las, **channels(np.tile([0.0, 0.6, 0.8], (POINTS, 1)), ('NormalX', 'NormalY', 'NormalZ'))),
        dict(normal=np.tile([0.0, 0.6, 0.8], (POINTS, 1))),
    ),
    'las: more points promised than there are': (
        partial(las, change=put('<Q', 247, 4_000_000_000)),
        'truncated: the header promises 4000000000 points',
    ),
    'las: fewer points promised than there are': (
        partial(las, change=put('<Q', 247, 40)),
        'bytes follow the 40 points',
    ),
    'las: a billion records': (partial(las, change=put('<I', 100, 1 << 30)), 'with 1073741824 records'),
    'las: scale of 0': (partial(las, change=put('<d', 131, 0.0)), 'scales other than 0'),
    'las: offset NaN': (partial(las, change=put('<d', 155, np.nan)), 'expected finite scales'),
    'las: no points': (partial(las, change=put('<Q', 247, 0)), 'empty cloud'),
    'las: a text': (lambda path: path.write_text('1 2 3'), 'no header that begins with LASF'),
    'laz: colours of 16 bits, classes': (
        partial(las, classification=LABEL, **channels(RGB * 257)),
        dict(xyz=XYZ, color=RGB, label=LABEL),
    ),
    'laz: point format 2 of version 1.2': (
        partial(las, kind=2, version='1.2', classification=LABEL, **channels(RGB * 257)),
        dict(xyz=XYZ, color=RGB, label=LABEL),
    ),
    'laz: more points promised than there are': (
        partial(las, change=put('<Q', 247, 4_000_000_000)),
        'the header promises 4000000000 points, 1 chunks',
    ),
    'laz: a billion chunks': (
        partial(las, change=chunk_table('<I', 4, 1 << 30)),
        'promises 1073741824 chunks',
    ),
    'laz: no chunks': (partial(las, change=chunk_table('<I', 4, 0)), '0 chunks hold less'),
    'laz: a layer of four gigabytes': (partial(las, change=layer_size), 'layers of chunk 0 promise more'),
    'e57: colours and a pose': (
        partial(e57, scans=[(station(), dict(rotation=TURN, translation=UTM))]),
        dict(xyz=TURNED + UTM, color=RGB),
    ),
    'e57: two stations, one without colours': (
        partial(e57, scans=[(station(), {}), (station(rgb=None), dict(translation=np.array([9.0, 0, 0])))]),
        dict(
            xyz=np.concatenate([XYZ, XYZ + [9, 0, 0]]), color=np.concatenate([RGB, np.full(RGB.shape, 127.5)])
        ),
    ),
    'e57: invalid points keep their rows': (
        partial(e57, scans=[(station(cartesianInvalidState=INVALID.astype(np.int8) * 2), {})]),
        dict(xyz=XYZ[~INVALID], color=RGB[~INVALID], kept=~INVALID),
    ),
    'e57: ranges and angles': (polar_e57, dict(xyz=XYZ, color=None)),
    'e57: dark colours': (partial(e57, scans=[(station(rgb=RGB % 2), {})]), dict(color=RGB % 2)),
    'e57: cut': (
        partial(e57, scans=[(station(), {})], change=lambda raw: raw.__delitem__(slice(-1024, None))),
        'header promises .* bytes',
    ),
    'e57: a flipped byte': (
        partial(e57, scans=[(station(), {})], change=lambda raw: raw.__setitem__(100, raw[100] ^ 1)),
        'not a whole E57',
    ),
    'e57: a text': (lambda path: path.write_text('hello'), 'does not begin with ASTM-E57'),
    'obj: colours of vertices': (obj(TRIANGLE + 'f 1 2 3\n'), dict(xyz=TRIANGLE_XYZ, color=TRIANGLE_RGB)),
    'obj: points alone, colours of 0..1': (
        obj(TRIANGLE.replace('255', '1')),
        dict(xyz=TRIANGLE_XYZ, color=TRIANGLE_RGB),
    ),
    'obj: a face of a vertex that is not there': (obj(TRIANGLE + 'f 1 2 9\n'), 'indices of 3 vertices'),
    'obj: lines of different lengths': (obj(TRIANGLE + 'v 1 2 3\n'), 'v: expected 3 or 4 or 6 or 7 numbers'),
    'obj: no vertices': (obj('# nothing\n'), 'no line v x y z'),
    'obj: a material that is missing': (obj(MATERIAL), dict(xyz=TRIANGLE_XYZ, color=None)),
    'stl: binary': (stl(), dict(xyz=CORNERS, color=None)),
    'stl: ascii': (stl(text=True), dict(xyz=CORNERS, color=None)),
    'stl: cut binary': (stl(change=lambda raw: raw[:-20]), 'promises 12 faces'),
    'stl: cut ascii': (stl(text=True, change=lambda raw: raw[:-300]), 'truncated'),
    'stl: four billion faces': (
        stl(change=lambda raw: raw[:80] + b'\xff' * 4 + raw[84:]),
        'promises 4294967295',
    ),
    'glb: colours of vertices, placed, y up': (
        glb(COLORED, PLACE),
        dict(xyz=(XYZ[:3] @ PLACE[:3, :3].T + PLACE[:3, 3]) @ Z_UP.T, color=RGB[:3]),
    ),
    'glb: points': (
        glb(trimesh.PointCloud(XYZ, colors=RGB)),
        dict(xyz=XYZ.astype(np.float32) @ Z_UP.T, color=RGB),
    ),
    'glb: colours of 16 bits': (glb_of_words(WORDS), dict(xyz=PLACES, color=np.rint(WORDS / 257))),
    'glb: colours of 16 bits beside their places': (
        glb_of_words(np.c_[WORDS, np.full(7, 65535)], stride=20),
        dict(xyz=PLACES, color=np.rint(WORDS / 257)),
    ),
    'glb: positions of whole numbers': (
        glb_of_words(WORDS, position=5122),
        'expected positions of three float32',
    ),
    'glb: texture': (
        glb(
            trimesh.Trimesh(
                XYZ[:3],
                [[0, 1, 2]],
                process=False,
                visual=trimesh.visual.TextureVisuals(uv=UV, image=picture()),
            )
        ),
        dict(color=[[0, 0, 255], [255, 255, 255], [255, 0, 0]]),
    ),
    'glb: no colours': (glb(BOX), dict(xyz=BOX.vertices @ Z_UP.T, color=None)),
    'glb: cut': (glb(BOX, change=lambda raw: raw[:-9]), 'header promises'),
    'glb: a billion vertices': (glb(BOX, change=swap(b'"count":8,', b'"count":9,')), 'its view has less'),
    'glb: compressed by Draco': (
        glb(BOX, change=required('KHR_draco_mesh_compression')),
        'cannot read the extensions KHR_draco',
    ),
    'glb: an extension of looks': (glb(BOX, change=required('KHR_materials_unlit')), dict(color=None)),
    'glb: a text': (lambda path: path.write_text('hello'), 'does not begin with glTF'),
}


@pytest.mark.parametrize('name', SITUATIONS)
def test_a_situation_is_read_with_its_values_or_refused_with_its_reason(name, tmp_path):
    write, expected = SITUATIONS[name]
    path = tmp_path / f'scan.{name.split(":")[0]}'
    write(path)
    check_situation(path, expected, xyz=1e-6, others=0.01)


@pytest.mark.parametrize('corner', ['1 2 3', '-3 -2 -1', '1//1 2//1 3//1'])
def test_points_drawn_on_a_triangle_have_its_colours_and_normal(corner, tmp_path):
    (tmp_path / 'a.obj').write_text(f'{TRIANGLE}f {corner}\nv 9 9 9 0 0 0\n')
    scan = read_scan(tmp_path / 'a.obj', sample=500)
    x, y, z = scan.xyz.T
    assert len(scan) == 500 and (z == 0).all() and (x >= 0).all() and (y >= 0).all() and (x + y <= 1).all()
    np.testing.assert_allclose(scan.color, 255 * np.stack([1 - x - y, x, y], axis=1), atol=0.51)
    np.testing.assert_allclose(scan.normal, np.tile([0, 0, 1.0], (500, 1)), atol=1e-6)


@pytest.mark.parametrize('name', ['a.stl', 'a.ply', 'a.obj', 'a.glb'])
def test_points_are_drawn_in_proportion_to_area(name, tmp_path):
    BOX.export(str(tmp_path / name))
    scan = read_scan(tmp_path / name, sample=20_000)
    edges = np.array([2, 3, 4]) if name != 'a.glb' else np.array([4, 2, 3])
    axis = np.abs(np.abs(scan.xyz) - edges / 2).argmin(axis=1)
    assert (np.abs(np.abs(scan.xyz) - edges / 2).min(axis=1) < 1e-6).all()
    share = edges.prod() / edges / (edges.prod() / edges).sum()
    # Three deviations of a share of 20 000.
    np.testing.assert_allclose(np.bincount(axis, minlength=3) / 20_000, share, atol=0.011)
    assert (np.abs(scan.normal[np.arange(len(scan)), axis]) > 0.999).all()


def test_colours_of_a_texture_reach_vertices_and_drawn_points(tmp_path):
    picture().save(tmp_path / 'p.png')
    (tmp_path / 'a.mtl').write_text('newmtl m\nKd 1 1 1\nmap_Kd p.png\n')
    (tmp_path / 'a.obj').write_text(MATERIAL)
    scan = read_scan(tmp_path / 'a.obj')
    np.testing.assert_array_equal(scan.color, [[0, 0, 255], [255, 255, 255], [255, 0, 0]])
    drawn = read_scan(tmp_path / 'a.obj', sample=300)
    right, above = (drawn.xyz[:, :2] > 0.5).T
    expected = np.where(above[:, None], [255, 0, 0], np.where(right[:, None], [255] * 3, [0, 0, 255]))
    np.testing.assert_array_equal(drawn.color, expected)


@pytest.mark.parametrize(
    'name, message', [('a.npy', 'expected a mesh ending in'), ('a.ply', 'vertex and face')]
)
def test_points_are_drawn_on_meshes_alone(name, message, tmp_path):
    if name == 'a.npy':
        np.save(tmp_path / name, XYZ)
    else:
        trimesh.PointCloud(XYZ).export(str(tmp_path / name))
    with pytest.raises(ValueError, match=f'{name}.*{message}'):
        read_scan(tmp_path / name, sample=10)


@pytest.mark.parametrize('name, package', [('a.las', 'laspy'), ('a.laz', 'lazrs'), ('a.e57', 'pye57')])
def test_a_package_that_is_missing_is_named_with_what_installs_it(name, package, tmp_path, monkeypatch):
    e57(tmp_path / name, [(station(), {})]) if name == 'a.e57' else las(tmp_path / name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf'{name}.* needs {package}: pip install swin3d_mmdet3d\[formats\]'):
        read_scan(tmp_path / name)


@pytest.mark.parametrize('name', ['laz: a layer of four gigabytes', 'laz: a billion chunks'])
def test_a_promise_of_gigabytes_costs_none(name, tmp_path):
    resource = pytest.importorskip('resource')
    SITUATIONS[name][0](tmp_path / 'a.laz')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match='promise'):
        read_scan(tmp_path / 'a.laz')
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes
