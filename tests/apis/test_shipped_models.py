"""The models that travel with the package do on scans that they never saw what their card says."""

import numpy as np
import torch
from mmdet3d.structures import DepthInstance3DBoxes
from real_data import local_real_data

from swin3d_mmdet3d.apis import Swin3DInferencer, make_scan, match_labels, read_scan
from swin3d_mmdet3d.checkpoints.shipped_weights import shipped_weights
from swin3d_mmdet3d.datasets import S3DIS
from swin3d_mmdet3d.evaluation import PresentClassIndoorMetric, confusion_matrix, segmentation_scores
from swin3d_mmdet3d.shipped_models import SHIPPED_MODELS
from swin3d_mmdet3d.synthetic_rooms.domains import DOMAINS
from swin3d_mmdet3d.synthetic_rooms.make_rooms import RoomSettings, make_room


def scores_of(task, scan):
    """Scores of the labels of a scan that knows its own."""
    found = Swin3DInferencer(task)(scan)
    truth = match_labels(scan.label, scan.label_names, found.names)
    return segmentation_scores(confusion_matrix(truth, found.labels, len(found.names)))


def held_out_room(folder):
    """A room of a seed and of sizes of which none was trained on, with its labels and normals."""
    domain = DOMAINS['s3dis']
    index = next(index for index in range(100) if domain.is_held_out(index))
    make_room(RoomSettings('s3dis', 60000, 0, (640, 480), seed=77), folder, index)
    (points,), (normals,), (labels,) = (
        [np.fromfile(path, kind) for path in (folder / name).glob('*.bin')]
        for name, kind in (('points', 'f4'), ('normals', 'f4'), ('semantic_mask', 'i8'))
    )
    points = points.reshape(-1, 6)
    return points[:, :3], points[:, 3:], normals.reshape(-1, 3), labels


def test_a_room_that_it_never_saw_is_labelled_with_and_without_normals(tmp_path):
    """A guard of the weights on the way from the file to the labels; the card has the mean of 18 rooms."""
    xyz, rgb, normal, truth = held_out_room(tmp_path)
    inferencer = Swin3DInferencer()
    assert inferencer.names == S3DIS.names
    for given in (normal, None):
        found = inferencer(make_scan(xyz, rgb, given))
        scores = segmentation_scores(confusion_matrix(truth, found.labels, len(S3DIS.names)))
        assert scores.mean_iou_of_truth > 0.55 and scores.accuracy > 0.8


def test_weights_take_less_than_15_mb_each():
    for model in SHIPPED_MODELS.values():
        assert shipped_weights(model.checkpoint).stat().st_size < 15e6


def test_a_real_part_of_an_office_is_labelled_as_the_card_says():
    scan = read_scan(local_real_data('s3dis_part', 's3dis_sphere_xyzrgb_sem.npz'))
    assert scores_of('seg', scan).mean_iou_of_truth >= 0.45


def test_boxes_of_a_real_flat_are_found_as_the_card_says():
    with np.load(local_real_data('scannet_scene0000_00', 'scene0000_00_xyzrgb_boxes.npz')) as file:
        points, align, names = file['points'], file['axis_align_matrix'], file['names']
        truth = file['boxes_aligned']
    xyz = points[:, :3] @ align[:3, :3].T + align[:3, 3]
    inferencer = Swin3DInferencer('det')
    boxes = inferencer(make_scan(xyz, points[:, 3:6])).boxes
    labels = np.array([inferencer.names.index(str(name)) for name in names])
    known = dict(gt_bboxes_3d=depth_boxes(truth), gt_labels_3d=labels)
    found = dict(
        bboxes_3d=depth_boxes(np.c_[boxes.center, boxes.size]),
        scores_3d=torch.as_tensor(boxes.score),
        labels_3d=torch.as_tensor(boxes.label),
    )
    metric = PresentClassIndoorMetric()
    metric.dataset_meta = dict(classes=inferencer.names)
    assert metric.compute_metrics([(known, found)])['mAP_0.25'] >= 0.25


def depth_boxes(boxes):
    """Boxes ``(B, 6)`` of centre and size."""
    return DepthInstance3DBoxes(
        torch.as_tensor(boxes, dtype=torch.float32), box_dim=6, with_yaw=False, origin=(0.5, 0.5, 0.5)
    )
