"""Own class names and a choice of classes: in the benchmarks' layouts and in one's own."""

from pathlib import Path

import numpy as np
import pytest
from mmdet3d.registry import DATASETS, METRICS
from mmengine.fileio import dump, load

import swin3d_mmdet3d  # noqa: F401  (registers the data sets)
from swin3d_mmdet3d.datasets.class_agreement import check_class_agreement, class_names_of

NAMES = ('desk', 'monitor', 'lamp')
TEST_STEPS = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
TRAIN_STEPS = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_mask_3d=True, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
    dict(type='BoxKeepingCrop', max_points=150),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'gt_bboxes_3d', 'gt_labels_3d', 'pts_semantic_mask']),
]


def write_scene(folder, ids=(0, 1, 2), dtype=np.int64, categories=NAMES, metainfo=(), **parts):
    """Three objects of 100 points, 2 m apart, whose ids in the mask are given; one info file."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 1, (300, 3)) + np.repeat(np.arange(3), 100)[:, None] * [2, 0, 0]
    points = np.concatenate([xyz, rng.uniform(0, 255, (300, 3))], axis=1).astype(np.float32)
    label = np.repeat(ids, 100).astype(dtype)
    for name, array in dict(points=points, semantic_mask=label, instance_mask=label.astype(np.int64)).items():
        (Path(folder) / name).mkdir(parents=True, exist_ok=True)
        array.tofile(Path(folder) / name / 'room.bin')
    boxes = [dict(bbox_3d=[2 * i + 0.5, 0.5, 0.5, 1, 1, 1], bbox_label_3d=i) for i in range(3)]
    info = dict(
        lidar_points=dict(num_pts_feats=6, lidar_path='room.bin'),
        pts_semantic_mask_path='room.bin',
        pts_instance_mask_path='room.bin',
        instances=boxes,
    )
    info.update(parts)
    info = {key: value for key, value in info.items() if value is not None}
    metainfo = dict(metainfo, categories={name: label for label, name in enumerate(categories)})
    dump(dict(metainfo=metainfo, data_list=[info]), str(Path(folder) / 'infos.pkl'))
    return str(folder)


def build(kind, root, steps=(), **settings):
    return DATASETS.build(
        dict(type=kind, data_root=root, ann_file='infos.pkl', pipeline=list(steps), **settings)
    )


def truth_of(dataset):
    return dataset[0]['data_samples'].eval_ann_info['pts_semantic_mask']


@pytest.mark.parametrize('kind', ['S3DISWholeSceneDataset', 'ScanNetWholeSceneDataset', 'CustomSegDataset'])
def test_own_names_label_the_masks_in_their_order(kind, tmp_path):
    dataset = build(kind, write_scene(tmp_path), TEST_STEPS, metainfo=dict(classes=NAMES), test_mode=True)
    assert tuple(dataset.metainfo['classes']) == NAMES
    np.testing.assert_array_equal(truth_of(dataset), np.repeat([0, 1, 2], 100))


@pytest.mark.parametrize('dtype', [np.uint8, np.int16, np.int32, np.int64])
def test_masks_of_any_width_are_read_with_255_as_unlabelled(dtype, tmp_path):
    root = write_scene(tmp_path, ids=(3, 255, 7), dtype=dtype)
    metainfo = dict(classes=('desk', 'lamp'), seg_valid_class_ids=(3, 7))
    dataset = build('CustomSegDataset', root, TEST_STEPS, metainfo=metainfo, test_mode=True)
    np.testing.assert_array_equal(truth_of(dataset), np.repeat([0, 255, 1], 100))


@pytest.mark.parametrize('dtype', [np.int16, np.int32, np.int64])
def test_minus_one_is_unlabelled(dtype, tmp_path):
    root = write_scene(tmp_path, ids=(-1, 1, 0), dtype=dtype)
    dataset = build('CustomSegDataset', root, TEST_STEPS, metainfo=dict(classes=NAMES), test_mode=True)
    np.testing.assert_array_equal(truth_of(dataset), np.repeat([255, 1, 0], 100))


def test_half_of_a_mask_file_is_not_taken_for_narrower_labels(tmp_path):
    root = write_scene(tmp_path)
    path = tmp_path / 'semantic_mask' / 'room.bin'
    content = np.repeat([1, 2], 150).astype(np.int64).tobytes()
    path.write_bytes(content[: len(content) // 2])
    dataset = build('CustomSegDataset', root, TEST_STEPS, metainfo=dict(classes=NAMES), test_mode=True)
    with pytest.raises(ValueError, match=r'room\.bin.* first half of labels of 8 bytes'):
        dataset[0]


def test_classes_ids_and_colours_come_from_the_info_file(tmp_path):
    stated = dict(classes=NAMES, palette=[(1, 2, 3)] * 3, seg_valid_class_ids=(4, 5, 6))
    root = write_scene(tmp_path, ids=(4, 5, 6), metainfo=stated)
    dataset = build('CustomSegDataset', root, TEST_STEPS, test_mode=True)
    assert tuple(dataset.metainfo['classes']) == NAMES
    assert [tuple(color) for color in dataset.metainfo['palette']] == [(1, 2, 3)] * 3
    np.testing.assert_array_equal(truth_of(dataset), np.repeat([0, 1, 2], 100))
    chosen = build('CustomSegDataset', root, TEST_STEPS, metainfo=dict(classes=('lamp',)), test_mode=True)
    with pytest.raises(ValueError, match=r'must hold ids 0 \.\. 6, got 4 \.\. 9'):
        build('CustomSegDataset', write_scene(tmp_path / 'b', ids=(4, 5, 9), metainfo=stated), TEST_STEPS,
              test_mode=True)[0]  # fmt: skip
    np.testing.assert_array_equal(truth_of(chosen), np.repeat([255, 255, 0], 100))


def test_no_names_anywhere_raise(tmp_path):
    with pytest.raises(ValueError, match='classes must name at least one class'):
        build('CustomSegDataset', write_scene(tmp_path))


@pytest.mark.parametrize('kind', ['CustomDetDataset', 'ScanNetDetDataset', 'S3DISDetDataset'])
def test_boxes_are_found_by_the_names_of_the_info_file(kind, tmp_path):
    dataset = build(kind, write_scene(tmp_path), metainfo=dict(classes=('lamp', 'desk')))
    info = dataset.get_data_info(0)['ann_info']
    assert info['gt_labels_3d'].tolist() == [1, 0]  # the monitor is left out
    np.testing.assert_allclose(info['gt_bboxes_3d'].gravity_center[:, 0], [0.5, 4.5])


def test_class_without_category_raises_by_name(tmp_path):
    with pytest.raises(ValueError, match=r'infos\.pkl: classes must be among its categories .*got sofa'):
        build('CustomDetDataset', write_scene(tmp_path), metainfo=dict(classes=('desk', 'sofa')))


@pytest.mark.parametrize('names', [('chair', 'table'), ('table',)])
def test_a_subset_of_box_classes_keeps_its_boxes_and_points(names, tmp_path):
    """Masks and boxes of a subset count in the same labels: the crop finds each box's own points."""
    ids = (5, 7, 4)  # chair, table, bed of NYU40
    root = write_scene(tmp_path, ids=ids, categories=('chair', 'table', 'bed'))
    dataset = build('ScanNetDetDataset', root, TRAIN_STEPS, metainfo=dict(classes=names))
    found = set()
    for _ in range(10):
        sample = dataset[0]
        labels = sample['data_samples'].gt_instances_3d.labels_3d
        mask = sample['data_samples'].gt_pts_seg.pts_semantic_mask.numpy()
        for label in labels.tolist():
            assert (mask == label).sum() == 100
            found.add(names[label])
    assert found == set(names)


def test_boxes_without_masks_are_trained_on(tmp_path):
    root = write_scene(tmp_path, pts_semantic_mask_path=None, pts_instance_mask_path=None)
    steps = [dict(type='LoadColoredPoints'), dict(type='LoadSceneAnnotations'), *TRAIN_STEPS[3:-1]]
    steps.append(dict(type='Pack3DDetInputs', keys=['points', 'gt_bboxes_3d', 'gt_labels_3d']))
    sample = build('CustomDetDataset', root, steps)[0]
    boxes = sample['data_samples'].gt_instances_3d.bboxes_3d
    offset = abs(sample['inputs']['points'][:, None, :3] - boxes.gravity_center)
    inside = (offset <= boxes.dims / 2 + 1e-4).all(dim=2).sum(dim=0)
    assert len(boxes) and (inside == 100).all()


@pytest.mark.parametrize(
    ('part', 'steps', 'told'),
    [
        (
            'pts_semantic_mask_path',
            TRAIN_STEPS,
            r'room\.bin: .*must have pts_semantic_mask_path, got none: add',
        ),
        ('instances', [], r'scene room of .*infos\.pkl: instances must list the boxes to train on'),
    ],
)
def test_missing_part_of_a_training_scene_is_told_with_its_cure(part, steps, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        build('CustomDetDataset', write_scene(tmp_path, **{part: None}), steps)[0]


def test_scenes_without_labels_are_predicted_and_not_scored(tmp_path, caplog):
    root = write_scene(tmp_path, pts_semantic_mask_path=None, pts_instance_mask_path=None, instances=None)
    metainfo = dict(classes=NAMES)
    segmented = build('CustomSegDataset', root, TEST_STEPS, metainfo=metainfo, test_mode=True)
    metric = METRICS.build(dict(type='ConfusionSegMetric'))
    metric.dataset_meta = segmented.metainfo
    sample = segmented[0]['data_samples'].to_dict()
    prediction = dict(pts_semantic_mask=np.zeros(300, np.int64))
    metric.process({}, [dict(sample, pred_pts_seg=prediction)])
    assert metric.compute_metrics(metric.results) == {}
    detected = build('CustomDetDataset', root, TEST_STEPS[::3], metainfo=metainfo, test_mode=True)
    metric = METRICS.build(dict(type='PresentClassIndoorMetric'))
    metric.dataset_meta = detected.metainfo
    metric.process({}, [dict(eval_ann_info=detected.get_data_info(0)['eval_ann_info'], pred_instances_3d={})])
    assert metric.compute_metrics(metric.results) == {}


def test_scores_are_those_of_the_labelled_scenes():
    metric = METRICS.build(dict(type='ConfusionSegMetric'))
    metric.dataset_meta = dict(classes=('a', 'b'), label2cat={0: 'a', 1: 'b'})
    truth, found = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    for annotation in (dict(pts_semantic_mask=truth), {}):
        metric.process({}, [dict(eval_ann_info=annotation, pred_pts_seg=dict(pts_semantic_mask=found))])
    assert metric.compute_metrics(metric.results)['miou'] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_differing_classes_are_told_in_one_error():
    loaders = dict(
        train_dataloader=dict(dataset=dict(type='S3DISWholeSceneDataset', metainfo=dict(classes=NAMES))),
        val_dataloader=dict(
            dataset=dict(type='RepeatDataset', times=2, dataset=dict(type='S3DISWholeSceneDataset'))
        ),
        test_dataloader=None,
    )
    with pytest.raises(ValueError) as error:
        check_class_agreement(loaders, 4)
    for told in (
        'train_dataloader has 3 (desk, monitor, lamp)',
        'val_dataloader has 13 (ceiling',
        'head has 4',
    ):
        assert told in str(error.value)
    loaders['val_dataloader'] = loaders['train_dataloader']
    assert check_class_agreement(loaders, 3) == NAMES
    with pytest.raises(ValueError, match="the model's head has 13"):
        check_class_agreement(loaders, 13)


def test_same_names_in_another_order_do_not_agree():
    loaders = {
        name: dict(dataset=dict(type='S3DISWholeSceneDataset', metainfo=dict(classes=classes)))
        for name, classes in dict(train=NAMES, val=NAMES[::-1]).items()
    }
    with pytest.raises(ValueError, match='classes must be the same'):
        check_class_agreement(loaders, 3)


def test_names_of_an_info_file_count_as_the_data_sets(tmp_path):
    root = write_scene(tmp_path, metainfo=dict(classes=NAMES))
    assert class_names_of(dict(type='CustomSegDataset', data_root=root, ann_file='infos.pkl')) == NAMES
    infos = load(str(Path(root) / 'infos.pkl'))
    assert set(infos['metainfo']['categories']) == set(NAMES)
    assert class_names_of(dict(type='CustomDetDataset', data_root=root, ann_file=['infos.pkl'])) == NAMES


def test_colours_of_zero_to_one_are_refused_by_name_and_never_black(tmp_path):
    root = write_scene(tmp_path)
    path = tmp_path / 'points' / 'room.bin'
    points = np.fromfile(path, np.float32).reshape(-1, 6)
    points[:, 3:] /= 255
    points.tofile(path)
    dataset = build('CustomSegDataset', root, TEST_STEPS, metainfo=dict(classes=NAMES), test_mode=True)
    with pytest.raises(ValueError, match=r'room\.bin must hold colours of 0\.\.255.*look like 0\.\.1'):
        dataset[0]
