"""The detector that prepare_custom writes a config of learns the kind of boxes that the scans have."""

import pickle
from pathlib import Path

import pytest
from mmdet3d.registry import MODELS
from mmengine.config import Config

from swin3d_mmdet3d.preparation.own_configs import write_own_configs

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize('yaw, with_yaw', [([], False), ([0.4], True)], ids=['six numbers', 'seven numbers'])
def test_own_boxes_get_a_head_that_learns_them(yaw, with_yaw, tmp_path):
    boxes = [dict(bbox_3d=[1, 2, 0.5, 1, 0.6, 1, *yaw], bbox_label_3d=label) for label in (0, 1, 2)]
    metainfo = dict(categories=dict(desk=0, lamp=1, sofa=2))
    info = dict(lidar_points=dict(lidar_path='scan.bin'), instances=boxes)
    content = dict(metainfo=metainfo, data_list=[info])
    (tmp_path / 'custom_infos_train.pkl').write_bytes(pickle.dumps(content))
    (path,) = write_own_configs(tmp_path, CONFIGS)
    head = MODELS.build(Config.fromfile(path).model.bbox_head)
    assert head.num_classes == 3
    assert head.bbox_coder.with_yaw == with_yaw
    assert (type(head.bbox_loss).__name__ == 'PolygonIoU3DLoss') == with_yaw
