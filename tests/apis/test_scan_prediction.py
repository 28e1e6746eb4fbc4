"""An inferencer takes what users have; results lie on the scan: places, units, axes and properties."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import scan_writers as writers
import torch
from height_segmentor import NAMES, PALETTE, write_height_model
from layer_detector import write_layer_model
from PIL import Image
from plyfile import PlyData, PlyElement
from survey_writers import channels, write_las_file

from swin3d_mmdet3d.apis import ScanFrame, Swin3DInferencer, make_scan, read_boxes, read_scan
from swin3d_mmdet3d.scan_files import UP_AXES
from swin3d_mmdet3d.visualization import box_corners


@pytest.fixture
def inferencer(tmp_path):
    return Swin3DInferencer(*write_height_model(tmp_path), device='cpu')


@pytest.fixture
def room():
    """(P, 3) metres, heights 0 .. 3, and colours."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 3, (200, 3))
    xyz[0] = 0
    return xyz, rng.integers(0, 256, (200, 3))


def probability(height):
    """Of the fixture's logits: 1 + height for the class, 0 for two others."""
    return np.exp(1 + height) / (np.exp(1 + height) + 2)


def test_paths_arrays_dicts_tensors_and_scans_give_the_same(inferencer, room, tmp_path):
    xyz, rgb = room
    np.savez(tmp_path / 'a.npz', xyz=xyz, rgb=rgb)
    wide = np.concatenate([xyz, rgb], axis=1)
    inputs = [
        tmp_path / 'a.npz',
        wide,
        torch.from_numpy(wide),
        dict(points=wide),
        dict(xyz=xyz, color=rgb),
        dict(coord=torch.from_numpy(xyz), rgb=torch.from_numpy(rgb)),
        make_scan(xyz, rgb),
    ]
    found = [inferencer(item) for item in [*inputs, str(inputs[0]), dict(points=str(inputs[0]))]]
    for prediction in found:
        np.testing.assert_array_equal(prediction.labels, np.floor(xyz[:, 2]))
        np.testing.assert_allclose(prediction.scores, probability(xyz[:, 2]), atol=1e-6)
        assert prediction.boxes is None and prediction.names == NAMES
    assert [prediction.name for prediction in found[:2]] == ['a', 'scan_0000']
    listed = inferencer(inputs)
    assert [it.name for it in listed] == ['a', *(f'scan_{i:04d}' for i in range(1, 7))]
    assert all((it.labels == found[0].labels).all() for it in listed)


@pytest.mark.parametrize('batch_size', [1, 2, 5])
def test_a_folder_gives_a_list_in_order_whatever_the_batch(inferencer, tmp_path, batch_size, monkeypatch):
    ticks, rng = [], np.random.default_rng(1)
    bar = SimpleNamespace(update=lambda: ticks.append(3), file=io.StringIO())
    monkeypatch.setattr(
        'swin3d_mmdet3d.apis.inferencer.ProgressBar', lambda count: bar if count == 3 else None
    )
    clouds = {name: rng.uniform(0, 3, (20 + row, 3)) for row, name in enumerate('cab')}
    (tmp_path / 'scans' / 'more').mkdir(parents=True)
    for name, cloud in clouds.items():
        np.save(tmp_path / 'scans' / ('more' if name == 'b' else '') / f'{name}.npy', cloud)
    (tmp_path / 'scans' / 'readme.md').write_text('no scan')
    out = tmp_path / 'scans' / 'out'
    for _ in range(2):  # the second time there are results in the folder
        found = inferencer(tmp_path / 'scans', batch_size=batch_size, out=out, formats=['ply', 'json'])
        assert [it.name for it in found] == ['a', 'c', 'b']
    for it in found:
        height = clouds[it.name][:, 2] - clouds[it.name][:, 2].min()
        np.testing.assert_array_equal(it.labels, np.minimum(np.floor(height), 2))
    assert {path.name for path in out.iterdir()} == {f'{name}.{e}' for name in 'abc' for e in ('ply', 'json')}
    assert ticks == [3] * 6


@pytest.mark.parametrize(
    'wrong, error, message',
    [
        (3, TypeError, 'expected a path, a folder, an array .* got int'),
        ([], ValueError, 'expected at least one scan'),
        (dict(color=np.zeros((4, 3))), ValueError, 'scan_0000: expected an array points'),
        (dict(xyz=np.zeros((4, 3)), colour_of=1), ValueError, 'scan_0000: expected arrays named .*colour_of'),
        (np.zeros((4, 2)), ValueError, r'scan_0000: expected numbers in 3 \(xyz\)'),
        (np.full((4, 3), np.nan), ValueError, 'scan_0000: .*NaN'),
        ('nothing.ply', ValueError, 'nothing.ply: no such file'),
        (['a/x.ply', 'b/x.npy'], ValueError, 'several scans are named x'),
    ],
)
def test_other_inputs_are_refused_by_name(inferencer, wrong, error, message):
    with pytest.raises(error, match=message):
        inferencer(wrong)


def test_a_scan_that_cannot_be_predicted_is_named(inferencer, room, tmp_path):
    np.savez(tmp_path / 'kitchen.npz', xyz=room[0])
    inferencer.names = inferencer.names[:2]
    with pytest.raises(ValueError, match='kitchen: the model gave label 2, there are 2 class names'):
        inferencer(tmp_path / 'kitchen.npz')


def test_a_folder_without_scans_and_a_wrong_batch_are_refused(inferencer, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='no file in .*empty ends in one of .ply'):
        inferencer(tmp_path / 'empty')
    for wrong in (0, -1, 1.5):
        with pytest.raises(ValueError, match='batch_size: expected a whole number above zero'):
            inferencer(np.zeros((4, 3)), batch_size=wrong)


def test_without_a_checkpoint_one_line_asks_for_it_before_anything_is_built(monkeypatch):
    with pytest.raises(ValueError) as error:
        Swin3DInferencer('swin3d-tiny_rooms-seg')
    told = str(error.value)
    assert 'checkpoint: expected' in told and 'swin3d-tiny_rooms-seg' in told and '\n' not in told


@pytest.mark.parametrize('name', ['cuda:7', 'gpu'])
def test_a_device_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=f"device: expected .* got '{name}'"):
        Swin3DInferencer(*write_height_model(tmp_path), device=name)


@pytest.mark.parametrize('up', UP_AXES)
def test_frames_lead_to_metres_and_back(up):
    frame = ScanFrame(0.001, up)
    xyz = np.random.default_rng(0).uniform(-4e3, 4e3, (50, 3))
    upright = frame.upright(make_scan(xyz)).xyz
    np.testing.assert_allclose(frame.upright_points(xyz), upright, rtol=1e-12)
    np.testing.assert_allclose(frame.own_points(upright), xyz, rtol=1e-12)
    np.testing.assert_allclose(np.ptp(xyz, axis=0), frame.own_lengths(np.ptp(upright, axis=0)), rtol=1e-12)
    axis, sign = up[-1], -1 if up[0] == '-' else 1
    np.testing.assert_allclose(upright[:, 2], sign * xyz[:, 'xyz'.index(axis)] / 1000, rtol=1e-12)


def surveyed_ply(path, xyz):
    """A mesh as scanners' programs write it: doubles, an intensity, a label, a scalar field, a face."""
    fields = [('x', 'f8'), ('y', 'f8'), ('z', 'f8'), ('intensity', 'u2'), ('red', 'u1'), ('green', 'u1')]
    fields += [('blue', 'u1'), ('label', 'i2'), ('scalar_time', 'f8')]
    rng = np.random.default_rng(2)
    rows = np.empty(len(xyz), fields)
    for column, axis in enumerate('xyz'):
        rows[axis] = xyz[:, column]
    for name in [name for name, _ in fields[3:]]:
        rows[name] = rng.integers(0, 200, len(xyz))
    face = np.array([([0, 1, 2],), ([3, 4, 5],)], dtype=[('vertex_indices', 'i4', (3,))])
    elements = [PlyElement.describe(rows, 'vertex'), PlyElement.describe(face, 'face')]
    PlyData(elements, comments=['EPSG 25832', 'label 0 old']).write(str(path))
    return rows


def test_a_ply_keeps_units_axes_faces_and_properties_beside_the_results(inferencer, room, tmp_path):
    upright, _ = room
    xyz = upright[:, [1, 2, 0]] * 1000 + [4.5e8, 0, 5.4e9]  # millimetres, y up, far away
    xyz[7, 1] = np.nan
    before = surveyed_ply(tmp_path / 'a.ply', xyz)
    surveyed = PlyData.read(str(tmp_path / 'a.ply'))
    found = inferencer(tmp_path / 'a.ply', frame=ScanFrame(0.001, 'y'))
    keep = np.arange(200) != 7
    np.testing.assert_array_equal(found.labels, np.floor(upright[keep, 2]))
    (path,) = found.save(tmp_path / 'out', ['ply'])
    after = PlyData.read(str(path))
    for name in ('x', 'y', 'z', 'intensity', 'scalar_time'):
        np.testing.assert_array_equal(after['vertex'][name], surveyed['vertex'][name])
        assert after['vertex'][name].dtype == before[name].dtype
    for name in ('red', 'green', 'blue', 'label'):
        np.testing.assert_array_equal(after['vertex'][f'scan_{name}'], before[name])
    np.testing.assert_array_equal(after['vertex']['label'][keep], found.labels)
    np.testing.assert_array_equal(after['vertex']['confidence'][keep], found.scores)
    assert after['vertex']['label'][7] == 255 and after['vertex']['confidence'][7] == 0
    assert [list(row[0]) for row in after['face'].data] == [[0, 1, 2], [3, 4, 5]]
    assert after.comments == ['EPSG 25832', *(f'label {i} {name}' for i, name in enumerate(NAMES))]
    back = read_scan(path)
    np.testing.assert_array_equal(back.color, np.array(PALETTE)[found.labels])
    # A result is a scan again: what was the scan's stays, the earlier result goes.
    (again,) = inferencer(path, frame=ScanFrame(0.001, 'y')).save(tmp_path / 'again', ['ply'])
    for name in after['vertex'].data.dtype.names:
        np.testing.assert_array_equal(PlyData.read(str(again))['vertex'][name], after['vertex'][name])


@pytest.mark.parametrize('kind, classes', [(3, 3), (7, 3), (1, 40)])
@pytest.mark.parametrize('ending', ['las', 'laz'])
def test_a_las_file_keeps_its_numbers_dimensions_and_records(room, tmp_path, kind, classes, ending):
    laspy = pytest.importorskip('laspy')
    xyz, _ = room
    rng = np.random.default_rng(3)
    fields = dict(intensity=rng.integers(0, 9, 200), gps_time=rng.uniform(0, 9, 200), label=np.arange(200))
    if kind != 1:
        fields.update(channels(rng.integers(0, 2**16, (200, 3))))
    version = '1.4' if kind == 7 else '1.2'
    write_las_file(tmp_path / 'a.las', xyz, kind, version, offset=(3e5, -2e6, 0), **fields)
    model = Swin3DInferencer(*write_height_model(tmp_path))
    found = model(tmp_path / 'a.las')
    names = (*NAMES, *(f'class {i}' for i in range(3, classes)))
    found = type(found)(**{**vars(found), 'names': names})
    (path,) = found.save(tmp_path / 'out', [ending])
    before, after = laspy.read(tmp_path / 'a.las'), laspy.read(path)
    kept = set(before.point_format.dimension_names) & set(after.point_format.dimension_names)
    assert {'X', 'Y', 'Z', 'intensity', 'gps_time', 'return_number'} <= kept
    for name in kept - {'classification'}:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    np.testing.assert_array_equal(after['scan_label'], np.arange(200))
    np.testing.assert_array_equal(after.classification, found.labels)
    np.testing.assert_array_equal(after.confidence, found.scores)
    np.testing.assert_array_equal(after.header.scales, before.header.scales)
    assert after.point_format.id == (6 if classes > 32 else kind)
    back = read_scan(path)
    np.testing.assert_array_equal(back.label, found.labels)
    assert back.label_names == names


def test_other_scans_keep_units_axes_normals_and_all_rows(inferencer, tmp_path):
    xyz, rgb, normal = writers.a_scan()
    writers.write_pcd_file(tmp_path / 'a.pcd', xyz, rgb, normal)
    found = inferencer(tmp_path / 'a.pcd', frame=ScanFrame(0.5, '-x'))
    back = read_scan(found.save(tmp_path, ['ply'])[0])
    np.testing.assert_array_equal(back.xyz, xyz.astype(np.float64))
    np.testing.assert_array_equal(back.normal, normal)
    height = (xyz[:, 0].max() - xyz[:, 0]) / 2
    np.testing.assert_array_equal(back.label, np.minimum(np.floor(height), 2))


def columns_file(path, columns):
    """A text or a record array with named columns."""
    if path.suffix == '.npy':
        np.save(path, np.rec.fromarrays(list(columns.values()), names=list(columns)))
    else:
        header = ' '.join(columns)
        np.savetxt(path, np.stack([c.astype(float) for c in columns.values()], 1), header=header, fmt='%.17g')


@pytest.mark.parametrize('ending', ['npy', 'txt', 'csv'])
def test_named_columns_of_other_scans_stay_beside_the_results(inferencer, tmp_path, ending):
    rng = np.random.default_rng(4)
    xyz = rng.uniform(0, 3, (60, 3))
    xyz[5] = np.nan
    others = dict(
        intensity=rng.integers(0, 9000, 60).astype(np.uint16),
        time=rng.uniform(1e9, 2e9, 60),
        confidence=rng.random(60).astype(np.float32),
    )
    columns_file(tmp_path / f'a.{ending}', {**dict(zip('xyz', xyz.T)), 'label': np.arange(60), **others})
    found = inferencer(tmp_path / f'a.{ending}')
    assert set(found.scan.others) == set(others)
    after = PlyData.read(str(found.save(tmp_path / 'out', ['ply'])[0]))['vertex']
    rows = np.arange(60) != 5
    for name, kept in dict(intensity='intensity', time='time', confidence='scan_confidence').items():
        np.testing.assert_array_equal(after[kept][rows], others[name][rows])
    np.testing.assert_array_equal(after['confidence'][rows], found.scores)
    np.testing.assert_array_equal(np.stack([after[axis] for axis in 'xyz'], 1), xyz)


def test_every_format_of_labels_on_demand(inferencer, room, tmp_path):
    pytest.importorskip('laspy')
    xyz, rgb = room
    found = inferencer(dict(xyz=xyz, rgb=rgb))
    formats = ['ply', 'las', 'npz', 'json', 'png', 'html']
    written = found.save(tmp_path / 'out', formats)
    assert sorted(path.suffix[1:] for path in written) == sorted(formats)
    content = json.loads((tmp_path / 'out' / 'scan_0000.json').read_text())
    assert content['classes'] == list(NAMES) and content['labels'] == found.labels.tolist()
    np.testing.assert_allclose(content['confidence'], found.scores, atol=6e-5)
    kept = np.load(tmp_path / 'out' / 'scan_0000.npz')
    np.testing.assert_array_equal(kept['confidence'], found.scores)
    las = read_scan(tmp_path / 'out' / 'scan_0000.las')
    np.testing.assert_array_equal(las.label, found.labels)
    np.testing.assert_allclose(las.xyz, xyz, atol=1e-6)
    with pytest.raises(ValueError, match='formats: expected some of ply, .* got obj'):
        found.save(tmp_path, ['obj'])


def a_hall():
    """Points all over a hall of 4 x 3 x 2 m whose lower and upper half both reach its walls."""
    corners = np.array(np.meshgrid([0, 4], [0, 3], [0, 0.999, 1, 2])).reshape(3, -1).T
    return np.concatenate([corners, np.random.default_rng(0).uniform([0, 0, 0], [4, 3, 2], (400, 3))])


@pytest.mark.parametrize('up, order', [('z', [0, 1, 2]), ('y', [1, 2, 0]), ('x', [2, 0, 1])])
def test_boxes_lie_in_the_scan_s_own_units_and_axes(tmp_path, up, order):
    upright = a_hall()
    xyz = upright[:, order] * 100 + [1000, -2000, 30]
    np.save(tmp_path / 'a.npy', xyz)
    found = Swin3DInferencer(*write_layer_model(tmp_path))(tmp_path / 'a.npy', frame=ScanFrame(0.01, up))
    assert found.labels is None and found.boxes.label.tolist() == [1, 0]
    for row, layer in enumerate((upright[:, 2] >= 1, upright[:, 2] < 1)):
        low, high = xyz[layer].min(axis=0), xyz[layer].max(axis=0)
        np.testing.assert_allclose(found.boxes.center[row], (low + high) / 2, atol=1e-3)
        np.testing.assert_allclose(found.boxes.size[row], high - low, atol=1e-3)
    written = found.save(tmp_path / 'out', ['json', 'ply', 'png', 'html'])
    assert len(written) == 4
    boxes, _ = read_boxes(tmp_path / 'out' / 'a.json')
    np.testing.assert_array_equal(boxes.center, found.boxes.center)
    assert f'units of 0.01 m, {up} up' in (tmp_path / 'out' / 'a.json').read_text()
    vertex = PlyData.read(str(tmp_path / 'out' / 'a.ply'))['vertex']
    edges = np.stack([vertex[axis] for axis in 'xyz'], axis=1).reshape(2, 8, 3)
    np.testing.assert_allclose(edges.min(axis=1), boxes.center - boxes.size / 2, atol=1e-6)
    np.testing.assert_allclose(edges.max(axis=1), boxes.center + boxes.size / 2, atol=1e-6)
    assert Image.open(tmp_path / 'out' / 'a.png').size[0] > 800
    with pytest.raises(ValueError, match='formats: expected some of json, ply, png, html, got las'):
        found.save(tmp_path, ['las'])


@pytest.mark.parametrize('up', UP_AXES)
def test_turned_boxes_come_back_to_the_same_corners(up):
    from swin3d_mmdet3d.apis import DetectedBoxes

    rng = np.random.default_rng(0)
    boxes = DetectedBoxes(
        center=rng.uniform(-5, 5, (4, 3)),
        size=rng.uniform(0.5, 2, (4, 3)),
        yaw=rng.uniform(-3, 3, 4),
        score=rng.random(4),
        label=np.arange(4),
    )
    frame = ScanFrame(0.01, up)
    back = boxes.in_frame(frame).upright(frame)
    np.testing.assert_allclose(back.center, boxes.center, rtol=1e-12)
    np.testing.assert_allclose(back.size, boxes.size, rtol=1e-12)
    corners = box_corners(boxes.center, boxes.size, boxes.yaw)
    np.testing.assert_allclose(frame.own_points(corners).mean(axis=1), boxes.in_frame(frame).center)
