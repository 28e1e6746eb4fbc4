"""Tests of two processes by the command line give the numbers, predictions and files of one."""

import json
import pickle
from pathlib import Path

import height_segmentor
import layer_detector
import numpy as np
import pytest
from mmengine.fileio import dump
from own_test_sections import SECTIONS
from two_processes import launcher_options, run_processes

from swin3d_mmdet3d.apis import ResultFilesHook
from swin3d_mmdet3d.tools.test import main as run_test

SCENES = 5
"""Two processes take three each: the sampler repeats the first one."""
BARE = 2
"""The scene without labels and boxes."""
MODELS = dict(
    segmentation=(height_segmentor, 'write_height_model', 'CustomSegDataset', 'ConfusionSegMetric'),
    detection=(layer_detector, 'write_layer_model', 'CustomDetDataset', 'PresentClassIndoorMetric'),
)


def write_scenes(root, num_classes):
    """Rooms of unlike sizes with labels and boxes that models get right in part; one has neither."""
    rng = np.random.default_rng(0)
    infos = []
    for number in range(SCENES):
        count = 300 + 40 * number
        points = np.concatenate(
            [rng.uniform(0, [4, 3, 3], (count, 3)), rng.integers(0, 256, (count, 3))], axis=1
        )
        arrays = dict(points=points.astype(np.float32))
        info = dict(lidar_points=dict(num_pts_feats=6, lidar_path=f'scene{number}.bin'), instances=[])
        if number != BARE:
            arrays['semantic_mask'] = rng.integers(0, num_classes, count)
            info['pts_semantic_mask_path'] = f'scene{number}.bin'
            for low in range(2):
                box = [2, 1.5, 0.5 + 1.2 * low, 4 - 0.4 * number, 3, 1 + low]
                info['instances'].append(dict(bbox_3d=box, bbox_label_3d=low))
        for folder, array in arrays.items():
            (root / folder).mkdir(exist_ok=True)
            array.tofile(root / folder / f'scene{number}.bin')
        infos.append(info)
    categories = dict(low=0, high=1) if num_classes == 2 else dict(low=0, middle=1, high=2)
    dump(dict(metainfo=dict(categories=categories), data_list=infos), str(root / 'infos.pkl'))


def evaluate(config, checkpoint, folder):
    """Run the tool in this process, and note which scenes' files it writes."""
    write = ResultFilesHook._write

    def noted(hook, sample):
        with open(folder / 'written.txt', 'a') as file:
            file.write(f'{Path(sample.lidar_path).stem}\n')
        write(hook, sample)

    ResultFilesHook._write = noted
    options = ['--out', str(folder / 'out.pkl'), '--show-dir', str(folder / 'shown')]
    run_test([config, checkpoint, '--work-dir', str(folder), *options, *launcher_options()])


@pytest.fixture(scope='module', params=MODELS)
def runs(request, tmp_path_factory):
    """The folders of a test in one process and of one in two."""
    root = tmp_path_factory.mktemp(request.param)
    model, write, dataset, metric = MODELS[request.param]
    write_scenes(root, len(model.NAMES))
    config, checkpoint = getattr(model, write)(root)
    sections = SECTIONS.format(
        root=str(root), names=model.NAMES, palette=model.PALETTE, dataset=dataset, metric=metric
    )
    config.write_text(config.read_text() + sections)
    for number in (1, 2):
        (root / str(number)).mkdir()
        run_processes(number, evaluate, str(config), str(checkpoint), root / str(number))
    return root / '1', root / '2'


def result_of(folder):
    (path,) = folder.glob('**/test_result.json')
    return json.loads(path.read_text())


@pytest.mark.slow
def test_scores_and_confusion_are_those_of_one_process(runs):
    alone, both = map(result_of, runs)
    assert both == alone
    scores = [value for name, value in alone['metrics'].items() if name in ('miou', 'mAP_0.25', 'mAP_0.50')]
    assert scores and all(0.1 < score < 1 for score in scores)  # neither none nor all is right


@pytest.mark.slow
def test_the_file_of_predictions_has_each_scene_once_in_the_order_of_the_data_set(runs):
    alone, both = (pickle.loads((folder / 'out.pkl').read_bytes()) for folder in runs)
    assert [scene['lidar_path'] for scene in both['scenes']] == [s['lidar_path'] for s in alone['scenes']]
    assert len(both['scenes']) == SCENES
    for own, other in zip(both['scenes'], alone['scenes']):
        for name in own.keys() - {'lidar_path'}:
            np.testing.assert_array_equal(own[name], other[name])


@pytest.mark.slow
def test_the_files_of_each_scene_are_written_once_and_the_report_is_of_all_scenes(runs):
    for folder in runs:
        assert sorted((folder / 'written.txt').read_text().split()) == [f'scene{n}' for n in range(SCENES)]
    files = [sorted(path.name for path in folder.glob('**/*.png')) for folder in runs]
    assert files[0] == files[1] and len([name for name in files[0] if name.startswith('worst')]) == 3
    for name in ('confusion_matrix.png', *(name for name in files[0] if name.startswith('worst'))):
        alone, both = (next(folder.glob(f'**/{name}')).read_bytes() for folder in runs)
        assert alone == both, name
