"""`tools.test` keeps the predictions of scenes with and without a ground truth, in a file and to look at."""

import pickle
from pathlib import Path

import height_segmentor
import layer_detector
import numpy as np
import pytest
from mmengine.fileio import dump
from own_test_sections import SECTIONS
from PIL import Image
from plyfile import PlyData

from swin3d_mmdet3d.apis import read_boxes
from swin3d_mmdet3d.tools.test import main as run_test

POINTS = 400


def write_scenes(root, truth_of):
    """Two rooms of 2 m height, 10 m apart, the second 3 m high; those of `truth_of` have labels and boxes."""
    rng = np.random.default_rng(0)
    infos, clouds = [], {}
    for number, name in enumerate(('first', 'second')):
        xyz = rng.uniform(0, [4, 3, 2 + number], (POINTS, 3)) + [10 * number, 0, 0]
        points = np.concatenate([xyz, rng.integers(0, 256, (POINTS, 3))], axis=1).astype(np.float32)
        clouds[name] = points
        info = dict(lidar_points=dict(num_pts_feats=6, lidar_path=f'{name}.bin'))
        if name in truth_of:
            info.update(pts_semantic_mask_path=f'{name}.bin')
            info.update(instances=[dict(bbox_3d=[10 * number + 2, 1.5, 0.5, 4, 3, 1], bbox_label_3d=0)])
        label = np.full(POINTS, 1, dtype=np.int64)
        for folder, array in dict(points=points, semantic_mask=label).items():
            (root / folder).mkdir(exist_ok=True)
            array.tofile(root / folder / f'{name}.bin')
        infos.append(info)
    dump(dict(metainfo=dict(categories=dict(low=0, high=1)), data_list=infos), str(root / 'infos.pkl'))
    return clouds


def run(tmp_path, model, truth_of, *options):
    """Run the tool with a model of a known answer; returns the scenes' points."""
    clouds = write_scenes(tmp_path, truth_of)
    if model is height_segmentor:
        config, checkpoint = model.write_height_model(tmp_path)
        sections = dict(dataset='CustomSegDataset', metric='ConfusionSegMetric')
    else:
        config, checkpoint = model.write_layer_model(tmp_path)
        sections = dict(dataset='CustomDetDataset', metric='PresentClassIndoorMetric')
    text = SECTIONS.format(root=str(tmp_path), names=model.NAMES, palette=model.PALETTE, **sections)
    config.write_text(config.read_text() + text)
    run_test([str(config), str(checkpoint), '--work-dir', str(tmp_path / 'work'), *options])
    return clouds


def heights(cloud):
    return np.clip(np.floor(cloud[:, 2]), 0, 2)


@pytest.mark.parametrize('truth_of', [(), ('first',), ('first', 'second')])
def test_labels_of_every_scene_are_kept_in_the_order_of_its_points(tmp_path, truth_of):
    clouds = run(
        tmp_path, height_segmentor, truth_of, f'--out={tmp_path}/all.pkl', f'--show-dir={tmp_path}/show'
    )
    with open(tmp_path / 'all.pkl', 'rb') as file:
        content = pickle.load(file)
    assert content['classes'] == list(height_segmentor.NAMES)
    assert [Path(scene['lidar_path']).stem for scene in content['scenes']] == ['first', 'second']
    for scene, (name, cloud) in zip(content['scenes'], clouds.items()):
        np.testing.assert_array_equal(scene['pts_semantic_mask'], heights(cloud))
        kept = np.load(tmp_path / 'show' / f'{name}.npz')
        np.testing.assert_array_equal(kept['label'], heights(cloud))
        vertex = PlyData.read(tmp_path / 'show' / f'{name}.ply')['vertex']
        np.testing.assert_allclose(vertex['x'], cloud[:, 0], rtol=1e-6)
        assert (tmp_path / 'show' / f'{name}.png').stat().st_size > 1000
    # Scores are of the scenes with a truth, and without any there is no file of scores.
    assert (tmp_path / 'work' / 'test_result.json').is_file() == bool(truth_of)
    log = ''.join(path.read_text() for path in (tmp_path / 'work').glob('*/*.log'))
    assert ('2 of 2 scenes have no labels: there is nothing to score' in log) == (not truth_of)


@pytest.mark.parametrize('truth_of', [(), ('second',)])
def test_boxes_of_every_scene_are_kept_in_the_frame_of_its_points(tmp_path, truth_of):
    clouds = run(
        tmp_path, layer_detector, truth_of, f'--out={tmp_path}/all.pkl', f'--show-dir={tmp_path}/show',
        '--score-thr=0.5',
    )  # fmt: skip
    with open(tmp_path / 'all.pkl', 'rb') as file:
        scenes = pickle.load(file)['scenes']
    for scene, (name, cloud) in zip(scenes, clouds.items()):
        high = cloud[cloud[:, 2] >= 1, :3]
        low, top = high.min(0), high.max(0)
        expected = np.concatenate([(low + top) / 2, top - low, [0]])
        np.testing.assert_allclose(scene['bboxes_3d'][1], expected, atol=1e-5)
        np.testing.assert_allclose(scene['scores_3d'], [0.4, 0.8], atol=1e-6)
        assert scene['labels_3d'].tolist() == [0, 1]
        boxes, names = read_boxes(tmp_path / 'show' / f'{name}.json')
        assert names == layer_detector.NAMES and boxes.label.tolist() == [1]
        np.testing.assert_allclose(boxes.center[0], expected[:3], atol=1e-5)
        assert (tmp_path / 'show' / f'{name}.png').stat().st_size > 1000


def test_other_endings_of_the_file_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match='--out must end in .pkl or .pickle, got all.json'):
        run(tmp_path, height_segmentor, (), '--out=all.json')


def test_a_pipeline_that_drops_points_is_refused_by_scene(tmp_path):
    write_scenes(tmp_path, ())
    config, checkpoint = height_segmentor.write_height_model(tmp_path)
    text = config.read_text().replace(
        "dict(type='NormalizeColorSigned'),", "dict(type='SphereCrop', max_points=100),"
    )
    sections = dict(dataset='CustomSegDataset', metric='ConfusionSegMetric', root=str(tmp_path))
    names = dict(names=height_segmentor.NAMES, palette=height_segmentor.PALETTE)
    config.write_text(text + SECTIONS.format(**sections, **names))
    with pytest.raises(ValueError, match=r'first.bin: expected a label for each of 400 points, got \(100,\)'):
        run_test([str(config), str(checkpoint), f'--work-dir={tmp_path}/work', f'--show-dir={tmp_path}/show'])


def colored(path, color):
    """Pixels of a picture near a colour, by column of the sheet (of 526 pixels)."""
    image = np.asarray(Image.open(path).convert('RGB')).astype(int)
    near = np.abs(image[: -60 if len(image) > 60 else None] - color).sum(axis=2) < 30
    return [int(near[:, start : start + 526].sum()) for start in range(0, image.shape[1], 526)]


@pytest.mark.parametrize('truth_of', [(), ('first', 'second')])
def test_a_report_shows_the_classes_and_the_worst_scenes_first(tmp_path, truth_of):
    clouds = run(tmp_path, height_segmentor, truth_of)
    report = tmp_path / 'work' / 'report'
    if not truth_of:
        assert not report.exists()
        return
    # All points are of the middle class: the room of 3 m has two wrong layers, that of 2 m one.
    files = {path.name for path in report.iterdir()}
    assert files == {'confusion_matrix.png', 'classes.png', 'worst_1_second.png', 'worst_2_first.png'}
    for name in ('worst_1_second', 'worst_2_first'):
        red, grey = (
            colored(report / f'{name}.png', (220, 30, 30)),
            colored(report / f'{name}.png', (205,) * 3),
        )
        assert len(red) == 4 and red[3] > 200 and grey[3] > 200 and max(grey[:3]) < grey[3]
    assert clouds.keys() == {'first', 'second'}


def test_a_report_of_boxes_names_what_was_missed(tmp_path):
    run(tmp_path, layer_detector, ('first', 'second'), '--worst=1')
    report = tmp_path / 'work' / 'report'
    files = {path.name for path in report.iterdir()}
    # In both rooms the one box of the truth, the lower layer, is found; a tie keeps the order.
    assert files == {'confusion_matrix.png', 'classes.png', 'worst_1_first.png'}
    with pytest.raises(ValueError, match='num_worst: expected 0 or more, got -1'):
        run(tmp_path, layer_detector, ('first',), '--worst=-1')
