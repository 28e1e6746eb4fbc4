"""The viewer's page holds the scan and nothing foreign; files appear whole or not at all."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData

from swin3d_mmdet3d.atomic_write import atomic_write
from swin3d_mmdet3d.visualization import (
    BoxSet,
    box_corners,
    detail_order,
    html_viewer,
    write_html_viewer,
    write_ply,
)

PALETTE, NAMES = [(10, 20, 30), (40, 50, 60)], ['wall', '</script><b>']


def a_labelled_scan(points=500):
    rng = np.random.default_rng(0)
    xyz = rng.uniform(-4, 6, (points, 3)) + [1e6, 0, 0]
    return xyz, rng.integers(0, 256, (points, 3)), rng.integers(0, 2, points), rng.integers(0, 2, points)


def read_page(path):
    page = path.read_text(encoding='utf-8')
    (record,) = re.findall(r'<script id="scan" type="application/json">(.*?)</script>', page, re.S)
    scan = json.loads(record)
    position = np.frombuffer(base64.b64decode(scan['position']), '<i2').reshape(-1, 3)
    xyz = np.array(scan['origin']) + np.array(scan['step']) * (position.astype(float) + 32768)
    layers = {name: np.frombuffer(base64.b64decode(data), np.uint8) for name, data in scan['layers'].items()}
    return page, scan, xyz, layers


def test_page_decodes_to_the_scan(tmp_path):
    xyz, rgb, truth, prediction = a_labelled_scan()
    truth[0] = -1
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, truth, prediction, PALETTE, NAMES, title='<room>')
    page, scan, decoded, layers = read_page(tmp_path / 'a.html')
    rows = detail_order(xyz)
    # Half a step of 10 m / 65535.
    np.testing.assert_allclose(decoded, xyz[rows], rtol=0, atol=0.5001 * 10 / 65535)
    np.testing.assert_array_equal(layers['colour'].reshape(-1, 3), rgb[rows])
    np.testing.assert_array_equal(layers['truth'], np.where(truth < 0, 255, truth)[rows])
    np.testing.assert_array_equal(layers['prediction'], prediction[rows])
    assert scan['names'] == NAMES and scan['palette'] == [list(color) for color in PALETTE]
    assert scan['total'] == 500 and scan['boxes'] == [] and 'confidence' not in scan
    assert '<title>&lt;room&gt;</title>' in page


@pytest.mark.parametrize(
    'text',
    ['<!--<script>', '<!--', '<script', '</script>', '/*SCAN*/', '/*STYLE*/', '/*PROGRAM*/', ']]>', '\u2028'],
)
def test_no_title_and_no_name_leaves_the_page_blank(text, tmp_path):
    """Within a script "<!--<script>" makes a browser look for a second end (HTML Standard, 13.2.5.20)."""
    xyz, rgb, _, prediction = a_labelled_scan()
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, None, prediction, PALETTE, [text, 'b'], title=text)
    page, scan, _, _ = read_page(tmp_path / 'a.html')
    assert scan['names'] == [text, 'b'] and scan['title'] == text
    scripts = re.findall(r'<script[^>]*>(.*?)</script>', page, re.S)
    assert len(scripts) == 2 and '<' not in scripts[0]
    assert page.count('<!--') == 0 and len(re.findall('<script', page)) == 2


def test_page_loads_nothing_from_elsewhere(tmp_path):
    xyz, rgb, _, prediction = a_labelled_scan()
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, None, prediction, PALETTE, NAMES)
    page, _, _, layers = read_page(tmp_path / 'a.html')
    assert not re.findall(r'https?:|src=|href=|@import|fetch\(|XMLHttp|import ', page)
    assert 'truth' not in layers


def test_large_scan_is_thinned_to_rows_that_still_belong_together(tmp_path):
    xyz, rgb, truth, prediction = a_labelled_scan(5000)
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, truth, prediction, PALETTE, NAMES, max_points=700)
    _, _, decoded, layers = read_page(tmp_path / 'a.html')
    assert len(decoded) == 700
    nearest = np.array([np.abs(xyz - point).sum(1).argmin() for point in decoded])
    assert len(set(nearest)) == 700
    np.testing.assert_array_equal(layers['colour'].reshape(-1, 3), rgb[nearest])
    np.testing.assert_array_equal(layers['prediction'], prediction[nearest])


def test_hundred_thousand_points_make_a_small_page(tmp_path):
    write_html_viewer(tmp_path / 'a.html', *a_labelled_scan(100_000), PALETTE, NAMES)
    assert (tmp_path / 'a.html').stat().st_size < 2.1e6


def test_page_holds_confidence_normals_and_boxes(tmp_path):
    xyz, rgb, _, prediction = a_labelled_scan()
    rng = np.random.default_rng(1)
    confidence, normal = rng.uniform(0, 1, 500), rng.normal(size=(500, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    boxes = BoxSet(
        'found', box_corners(np.array([[1e6, 2, 3]]), np.ones((1, 3))), np.array([1]), np.array([0.75])
    )
    known = dict(confidence=confidence, normal=normal, boxes=[boxes])
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, None, prediction, PALETTE, NAMES, **known)
    _, scan, _, _ = read_page(tmp_path / 'a.html')
    rows = detail_order(xyz)
    stored = np.frombuffer(base64.b64decode(scan['confidence']), np.uint8)
    np.testing.assert_allclose(stored / 255, confidence[rows], rtol=0, atol=0.5001 / 255)
    stored = np.frombuffer(base64.b64decode(scan['normal']), np.int8).reshape(-1, 2)
    upward = normal * np.where(normal[:, 2:] < 0, -1, 1)
    np.testing.assert_allclose(stored / 127, upward[rows, :2], rtol=0, atol=0.5001 / 127)
    ((box,),) = [it['boxes'] for it in scan['boxes']]
    assert scan['boxes'][0]['title'] == 'found' and (box['label'], box['score']) == (1, 0.75)
    np.testing.assert_allclose(np.mean(box['corners'], axis=0), [1e6, 2, 3])


def test_scripts_are_short_and_all_on_the_page(tmp_path):
    folder = Path(html_viewer.__file__).with_name('viewer')
    xyz, rgb, _, prediction = a_labelled_scan()
    write_html_viewer(tmp_path / 'a.html', xyz, rgb, None, prediction, PALETTE, NAMES)
    page = (tmp_path / 'a.html').read_text(encoding='utf-8')
    for path in (*folder.glob('*.js'), *folder.glob('*.css')):
        text = path.read_text(encoding='utf-8')
        assert text in page and text.count('\n') < 300, path.name


@pytest.mark.parametrize('dtype, stored', [(np.float32, 'float'), (np.float64, 'double')])
def test_ply_holds_places_colours_labels_and_names(dtype, stored, tmp_path):
    xyz, rgb, _, label = a_labelled_scan()
    write_ply(tmp_path / 'a.ply', xyz.astype(dtype), rgb, label, ['wall', 'book case'])
    ply = PlyData.read(str(tmp_path / 'a.ply'))
    vertex = ply['vertex']
    header = (tmp_path / 'a.ply').read_bytes()[:200].decode('ascii', 'replace')
    assert f'property {stored} x' in header
    np.testing.assert_array_equal(np.stack([vertex[a] for a in 'xyz'], 1), xyz.astype(dtype))
    np.testing.assert_array_equal(np.stack([vertex[c] for c in ('red', 'green', 'blue')], 1), rgb)
    np.testing.assert_array_equal(vertex['label'], label)
    assert ply.comments == ['label 0 wall', 'label 1 book case']


def test_failed_writing_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / 'a.txt'
    target.write_text('old')

    def fail():
        with atomic_write(target) as part:
            part.write_text('half')
            raise RuntimeError('stop')

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == 'old' and list(tmp_path.iterdir()) == [target]
    with atomic_write(target) as part:
        part.write_text('new')
    assert target.read_text() == 'new' and list(tmp_path.iterdir()) == [target]


def test_bad_arguments_are_named_and_nothing_is_written(tmp_path):
    xyz, rgb, truth, prediction = a_labelled_scan()
    target = tmp_path / 'a'
    with pytest.raises(ValueError, match='truth: expected one for each of 500'):
        write_html_viewer(target, xyz, rgb, truth[:9], prediction, PALETTE, NAMES)
    with pytest.raises(ValueError, match='xyz: expected finite'):
        write_html_viewer(target, xyz[:0], rgb[:0], None, prediction[:0], PALETTE, NAMES)
    with pytest.raises(ValueError, match='confidence: expected one for each of 500'):
        write_html_viewer(target, xyz, rgb, None, prediction, PALETTE, NAMES, confidence=np.zeros(3))
    with pytest.raises(ValueError, match='names: expected 2'):
        write_html_viewer(target, xyz, rgb, None, prediction, PALETTE, ['wall'])
    with pytest.raises(ValueError, match='color: expected 0..255'):
        write_ply(target, xyz, rgb + 300)
    with pytest.raises(ValueError, match='label: expected shape'):
        write_ply(target, xyz, rgb, prediction[:3])
    assert list(tmp_path.iterdir()) == []
