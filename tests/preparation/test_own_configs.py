"""Configs that prepare_custom writes fit the boxes of the scans, and edited ones stay."""

import pickle
from pathlib import Path

import pytest
from mmdet3d.registry import MODELS
from mmengine.config import Config

from swin3d_mmdet3d.preparation.own_configs import write_own_configs

CONFIGS = Path(__file__).parents[2] / 'configs'


def write_infos(folder, boxes, names):
    metainfo = dict(categories={name: label for label, name in enumerate(names)})
    info = dict(lidar_points=dict(lidar_path='scan.bin'), instances=boxes)
    content = dict(metainfo=metainfo, data_list=[info])
    (folder / 'custom_infos_train.pkl').write_bytes(pickle.dumps(content))


@pytest.mark.parametrize('yaw, with_yaw', [([], False), ([0.4], True)], ids=['six numbers', 'seven numbers'])
def test_own_boxes_get_a_head_that_learns_them(yaw, with_yaw, tmp_path):
    boxes = [dict(bbox_3d=[1, 2, 0.5, 1, 0.6, 1, *yaw], bbox_label_3d=label) for label in (0, 1, 2)]
    write_infos(tmp_path, boxes, ('desk', 'lamp', 'sofa'))
    (path,) = write_own_configs(tmp_path, CONFIGS)
    head = MODELS.build(Config.fromfile(path).model.bbox_head)
    assert head.num_classes == 3
    assert head.bbox_coder.with_yaw == with_yaw
    assert (type(head.bbox_loss).__name__ == 'PolygonIoU3DLoss') == with_yaw


def test_a_config_that_was_edited_is_kept_and_another_is_written_anew(tmp_path):
    box = dict(bbox_3d=[1, 2, 0.5, 1, 0.6, 1], bbox_label_3d=0)
    for names in (('desk',), ('desk', 'lamp')):
        write_infos(tmp_path, [box], names)
        (path,) = write_own_configs(tmp_path, CONFIGS)
        assert Config.fromfile(path).classes == names
    edited = path.read_text() + 'train_cfg = dict(max_iters=9)\n'
    path.write_text(edited)
    assert write_own_configs(tmp_path, CONFIGS) == []
    assert path.read_text() == edited
