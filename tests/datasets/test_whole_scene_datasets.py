"""The data sets through the pipelines of their own config bases."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import DATASETS, METRICS
from mmengine.config import Config
from tiny_scenes import write_tiny_s3dis, write_tiny_scannet, write_tiny_scannet200, write_tiny_structured3d

import swin3d_mmdet3d.datasets  # noqa: F401  (registers the data sets)

BASES = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
WRITERS = {
    's3dis-seg': write_tiny_s3dis,
    'rooms-seg': write_tiny_s3dis,
    'scannet-seg': write_tiny_scannet,
    'scannet-normal-seg': write_tiny_scannet,
    'scannet200-seg': write_tiny_scannet200,
    'scannet200-normal-seg': write_tiny_scannet200,
    'structured3d-seg': write_tiny_structured3d,
}
NUM_CLASSES = {'s3dis': 13, 'rooms': 13, 'scannet': 20, 'scannet200': 200, 'structured3d': 25}


def load(name, folder):
    """The config of a base with its data root set to tiny scenes."""
    config = Config.fromfile(BASES / f'{name}.py')
    root = WRITERS[name](folder)
    config.train_dataloader.dataset.dataset.data_root = root
    for loader in (config.val_dataloader, config.test_dataloader):
        loader.dataset.data_root = root
    return config


def evaluate(config, dataset, samples, change=lambda labels: labels):
    """The metrics of a prediction made from the ground truth."""
    metric = METRICS.build(config.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    for sample in samples:
        truth = sample['data_samples'].eval_ann_info
        prediction = dict(pts_semantic_mask=torch.from_numpy(change(truth['pts_semantic_mask'].copy())))
        metric.process({}, [dict(pred_pts_seg=prediction, eval_ann_info=truth)])
    return metric.compute_metrics(metric.results)


@pytest.mark.parametrize('name', WRITERS)
def test_oracle_scores_one_through_the_test_pipeline(name, tmp_path):
    config = load(name, tmp_path)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    samples = [dataset[index] for index in range(len(dataset))]
    metrics = evaluate(config, dataset, samples)
    assert metrics['miou'] == 1.0
    assert [metrics[c] for c in dataset.metainfo['classes']] == [1.0] * NUM_CLASSES[name.split('-')[0]]
    assert all(len(s['inputs']['points']) == 600 for s in samples)


def test_prediction_without_one_class_loses_what_the_formula_says(tmp_path):
    """All of class 0 called class 1: their IoU are 0 and n1 / (n0 + n1)."""
    config = load('scannet-seg', tmp_path)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    metrics = evaluate(config, dataset, [dataset[0]], lambda labels: np.where(labels == 0, 1, labels))
    assert metrics['wall'] == 0.0
    assert metrics['floor'] == pytest.approx(0.5)  # 30 points each
    assert metrics['miou'] == pytest.approx(18.5 / 20)


@pytest.mark.parametrize('name', WRITERS)
def test_training_samples_have_signed_colours_and_labels_beside_points(name, tmp_path):
    config = load(name, tmp_path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    sample = dataset[0]
    points, labels = sample['inputs']['points'], sample['data_samples'].gt_pts_seg.pts_semantic_mask
    assert len(points) == len(labels) > 0
    assert 0 <= int(labels.min()) and int(labels.max()) < NUM_CLASSES[name.split('-')[0]]
    assert -1 <= float(points[:, 3:6].min()) and float(points[:, 3:6].max()) <= 1
    if points.shape[1] == 9:
        torch.testing.assert_close(points[:, 6:].norm(dim=1), torch.ones(len(points)), atol=1e-4, rtol=0)


@pytest.mark.parametrize('name', WRITERS)
def test_training_samples_repeat_with_the_seed(name, tmp_path):
    dataset = DATASETS.build(load(name, tmp_path).train_dataloader.dataset)
    clouds = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        clouds.append(dataset[0]['inputs']['points'])
    assert torch.equal(clouds[0], clouds[1])
    assert not (clouds[0].shape == clouds[2].shape and torch.equal(clouds[0], clouds[2]))


@pytest.mark.parametrize('name', ['s3dis-seg', 'scannet-normal-seg'])
def test_each_point_of_a_training_sample_is_a_voxel_of_the_network(name, tmp_path):
    from mmdet3d.registry import MODELS

    import swin3d_mmdet3d.models  # noqa: F401  (registers the preprocessor)

    config = load(name, tmp_path)
    points = DATASETS.build(config.train_dataloader.dataset)[0]['inputs']['points']
    preprocessor = MODELS.build(dict(type='VoxelPreprocessor', voxel_size=config.voxel_size))
    voxels = preprocessor.voxelize_points([points]).voxels
    assert len(points) - 2 <= len(voxels.coords) <= len(points)


def test_votes_are_twelve_even_rotations_of_the_same_points(tmp_path):
    config = load('scannet-normal-seg', tmp_path)
    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    votes = [vote['points'] for vote in DATASETS.build(config.test_dataloader.dataset)[0]['inputs']]
    assert len(votes) == 12
    first = votes[0].double()
    for number, vote in enumerate(votes):
        angle = torch.tensor(number * 2 * torch.pi / 12, dtype=torch.float64)
        cos, sin = torch.cos(angle), torch.sin(angle)
        matrix = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], dtype=torch.float64)
        xyz = first[:, :3] @ matrix
        expected = torch.cat([xyz - xyz.amin(0), first[:, 3:6], first[:, 6:] @ matrix], dim=1)
        torch.testing.assert_close(vote.double(), expected, atol=1e-5, rtol=0)


def build_s3dis(root, **arguments):
    pipeline = Config.fromfile(BASES / 's3dis-seg.py').test_pipeline
    pipeline.insert(1, dict(type='LoadNormals'))
    settings = dict(type='S3DISWholeSceneDataset', data_root=root, ann_file='s3dis_infos_Area_5.pkl')
    return DATASETS.build(dict(settings, pipeline=pipeline, test_mode=True, **arguments))


def test_several_info_files_are_joined_in_order(tmp_path):
    files = [f's3dis_infos_Area_{area}.pkl' for area in (3, 1, 5)]
    dataset = DATASETS.build(
        dict(type='S3DISWholeSceneDataset', data_root=write_tiny_s3dis(tmp_path), ann_file=files, pipeline=[])
    )
    names = [Path(dataset.get_data_info(index)['lidar_path']).stem for index in range(len(dataset))]
    assert names == [f's3dis_infos_Area_{area}_0' for area in (3, 1, 5)]


def test_a_choice_of_classes_numbers_them_anew_and_ignores_the_rest(tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path), metainfo=dict(classes=('chair', 'wall')))
    expected = [255] * 15  # ids 0 .. 13, then that of -1
    expected[8], expected[2] = 0, 1
    assert dataset.seg_label_mapping.tolist() == expected
    assert set(dataset[0]['data_samples'].eval_ann_info['pts_semantic_mask']) == {0, 1, 255}


def test_negative_ignore_index_raises(tmp_path):
    with pytest.raises(ValueError, match='ignore_index must be at least the number of classes 13, got -100'):
        build_s3dis(write_tiny_s3dis(tmp_path), ignore_index=-100)


@pytest.mark.parametrize('folder', ['points', 'normals', 'semantic_mask', 'instance_mask'])
@pytest.mark.parametrize('damage', ['missing', 'cut inside a row', 'cut between rows', 'empty'])
def test_broken_file_is_told_with_scene_and_name(folder, damage, tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path))
    path = tmp_path / folder / 's3dis_infos_Area_5_0.bin'
    content = path.read_bytes()
    if damage == 'missing':
        path.unlink()
    else:
        size = {'cut inside a row': -3, 'cut between rows': -24, 'empty': -len(content)}[damage]
        path.write_bytes(content[:size])
    with pytest.raises(ValueError, match=r'scene .*s3dis_infos_Area_5_0.*: file .*\.bin'):
        dataset[0]


@pytest.mark.parametrize('content', [None, b'', pickle.dumps(dict(a=[1] * 100))[:-5], pickle.dumps([1, 2])])
def test_broken_info_file_is_told_by_name(content, tmp_path):
    root = write_tiny_s3dis(tmp_path)
    path = tmp_path / 's3dis_infos_Area_5.pkl'
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r'info file .*s3dis_infos_Area_5\.pkl'):
        build_s3dis(root)


@pytest.mark.parametrize('raw_id', [-2, 14, 200])
def test_label_outside_the_table_raises(raw_id, tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path))
    path = tmp_path / 'semantic_mask' / 's3dis_infos_Area_5_0.bin'
    labels = np.fromfile(path, dtype=np.int64)
    labels[3] = raw_id
    labels.tofile(path)
    with pytest.raises(ValueError, match=rf'Area_5_0\.bin.* must hold ids 0 \.\. 13, got .*{raw_id}'):
        dataset[0]


@pytest.mark.parametrize(('folder', 'value'), [('points', np.nan), ('points', np.inf), ('normals', np.nan)])
def test_values_that_are_not_finite_raise(folder, value, tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path))
    path = tmp_path / folder / 's3dis_infos_Area_5_0.bin'
    rows = np.fromfile(path, dtype=np.float32)
    rows[0] = value
    rows.tofile(path)
    with pytest.raises(ValueError, match=rf'{folder}.*Area_5_0\.bin must be finite, got .* in row 0'):
        dataset[0]


def test_normals_that_are_not_unit_raise(tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path))
    path = tmp_path / 'normals' / 's3dis_infos_Area_5_0.bin'
    (np.fromfile(path, dtype=np.float32) * 1.5).tofile(path)
    with pytest.raises(ValueError, match='must hold unit normals, got length 1.5 in row 0'):
        dataset[0]


def test_points_without_a_normal_are_read_as_they_are(tmp_path):
    dataset = build_s3dis(write_tiny_s3dis(tmp_path))
    path = tmp_path / 'normals' / 's3dis_infos_Area_5_0.bin'
    rows = np.fromfile(path, dtype=np.float32).reshape(-1, 3)
    rows[::3] = 0
    rows.tofile(path)
    np.testing.assert_array_equal(dataset[0]['inputs']['points'][:, 6:].numpy(), rows)
