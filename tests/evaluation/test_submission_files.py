"""Benchmark submissions: what is written is read back, and what the server would refuse is told."""

import zipfile

import numpy as np
import pytest
import torch
from mmdet3d.registry import METRICS

from swin3d_mmdet3d.datasets import SCANNET, SCANNET200, ScanNet200WholeSceneDataset, ScanNetWholeSceneDataset
from swin3d_mmdet3d.evaluation import check_submission


def submit(path, dataset_type, labels):
    """Write a submission through the metric, with the data set's own meta information."""
    metric = METRICS.build(dict(type='SegSubmission', path=str(path)))
    metric.dataset_meta = dataset_type(lazy_init=True, test_mode=True, pipeline=[]).metainfo
    for scene, label in labels.items():
        prediction = dict(pts_semantic_mask=torch.from_numpy(label))
        metric.process({}, [dict(lidar_path=f'data/points/{scene}.bin', pred_pts_seg=prediction)])
    return metric.compute_metrics(metric.results)


@pytest.mark.parametrize(
    ('dataset_type', 'classes'),
    [(ScanNetWholeSceneDataset, SCANNET), (ScanNet200WholeSceneDataset, SCANNET200)],
)
def test_submission_holds_the_raw_id_of_each_vertex_in_order(dataset_type, classes, tmp_path):
    rng = np.random.default_rng(0)
    scenes = {'scene0707_00': 400, 'scene0708_00': 3}
    labels = {name: rng.integers(0, len(classes), count) for name, count in scenes.items()}
    path = tmp_path / 'out' / 'submission.zip'
    assert submit(path, dataset_type, labels) == dict(scenes=2)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [f'{name}.txt' for name in scenes]
        for name, label in labels.items():
            ids = [int(line) for line in archive.read(f'{name}.txt').split()]
            assert ids == [classes.raw_ids[c] for c in label]
    assert check_submission(path, scenes, classes.raw_ids) == []
    assert [file.name for file in path.parent.iterdir()] == ['submission.zip']


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        ({}, 'b.txt is missing'),
        ({'b.txt': '1\n2\n', 'c.txt': '1\n'}, 'c.txt is no scan of the split'),
        ({'b.txt': '1\n'}, 'b.txt must have a line for each of 2 vertices, got 1'),
        ({'b.txt': '1\n13\n'}, "b.txt must hold legal ids alone, got '13' in line 2"),
        ({'b.txt': '1\n\n'}, "b.txt must hold legal ids alone, got '' in line 2"),
        ({'b.txt': '1.0\n2\n'}, "b.txt must hold legal ids alone, got '1.0' in line 1"),
        ({'b.txt': '1\n2\n', 'x/a.txt': '1\n'}, 'x/a.txt is no scan of the split'),
    ],
)
def test_what_the_server_would_refuse_is_told(files, message, tmp_path):
    path = tmp_path / 'submission.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for name, text in {'a.txt': '1\n', **files}.items():
            archive.writestr(name, text)
    assert check_submission(path, dict(a=1, b=2), SCANNET.raw_ids) == [message]


def test_a_text_that_unpacks_to_gigabytes_is_told_and_not_read(tmp_path, monkeypatch):
    path = tmp_path / 'submission.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.txt', '1\n' * 10**6)
    monkeypatch.setattr(zipfile.ZipFile, 'read', None)
    assert check_submission(path, {'a': 3}, [1]) == [
        'a.txt has 2000000 bytes, more than labels of 3 vertices'
    ]


def test_a_damaged_text_is_told(tmp_path):
    path = tmp_path / 'submission.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.txt', '1\n' * 100)
    data = bytearray(path.read_bytes())
    data[36] ^= 255  # the packed text
    path.write_bytes(data)
    (problem,) = check_submission(path, {'a': 100}, [1])
    assert problem.startswith('a.txt is damaged: ')


def test_files_that_are_no_submission_raise(tmp_path):
    with pytest.raises(ValueError, match='is missing'):
        check_submission(tmp_path / 'submission.zip', {}, ())
    (tmp_path / 'submission.zip').write_text('1\n2\n')
    with pytest.raises(ValueError, match='is not a zip file'):
        check_submission(tmp_path / 'submission.zip', {}, ())


def test_labels_beyond_the_classes_raise_with_the_scene_and_leave_no_file(tmp_path):
    path = tmp_path / 'submission.zip'
    with pytest.raises(ValueError, match=r'scene scene0707_00: labels must be 0 .. 19, got 0 .. 20'):
        submit(path, ScanNetWholeSceneDataset, dict(scene0707_00=np.array([0, 20])))
    assert not path.exists()


def test_a_path_without_zip_ending_raises():
    with pytest.raises(ValueError, match=r'path must end in .zip, got out'):
        METRICS.build(dict(type='SegSubmission', path='out'))
