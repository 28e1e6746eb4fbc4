"""Every point gets its label in input order; a checkpoint of another model is refused."""

import numpy as np
import pytest
import torch
from height_segmentor import NAMES, PALETTE, write_height_model

from swin3d_mmdet3d.apis import Swin3DInferencer, make_scan, match_labels
from swin3d_mmdet3d.datasets import S3DIS
from swin3d_mmdet3d.geometry import estimate_normals


def cloud(points=300, seed=0):
    xyz = np.random.default_rng(seed).uniform(0, 3, (points, 3))
    xyz[0] = 0
    return xyz, np.random.default_rng(seed + 1).integers(0, 256, (points, 3))


def test_labels_come_in_input_order(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path))
    xyz, rgb = cloud()
    label = inferencer(make_scan(xyz, rgb)).labels
    np.testing.assert_array_equal(label, np.floor(xyz[:, 2]))
    order = np.random.default_rng(5).permutation(len(xyz))
    np.testing.assert_array_equal(inferencer(make_scan(xyz[order], rgb[order])).labels, label[order])


def test_far_from_the_origin_millimetres_still_count(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path, step=0.002))
    height = np.arange(6) * 0.001 + 0.0005
    xyz = np.c_[np.zeros((6, 2)), height - height[0] + 1e-5]
    xyz[0, 2] = 0
    label = inferencer(make_scan(xyz + 5e6)).labels
    np.testing.assert_array_equal(label, [0, 0, 1, 1, 2, 2])


def test_model_sees_signed_colours_and_grey_where_there_are_none(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path))
    xyz, rgb = cloud()
    inferencer(make_scan(xyz, rgb))
    (points,) = inferencer.model.points
    np.testing.assert_allclose(points[:, 3:6], rgb / 127.5 - 1, atol=1e-6)
    assert points.shape == (300, 6)
    inferencer(make_scan(xyz))
    np.testing.assert_array_equal(inferencer.model.points[0][:, 3:6], np.zeros((300, 3)))


def test_normals_are_the_scan_s_or_estimated_where_the_model_needs_them(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path, normals=True))
    xyz, rgb = cloud()
    own = np.tile([[0.0, 0.6, 0.8]], (300, 1))
    for normal, expected in ((own, own), (None, estimate_normals(xyz))):
        inferencer(make_scan(xyz, rgb, normal))
        np.testing.assert_allclose(inferencer.model.points[0][:, 6:], expected, atol=1e-6)


def test_class_names_are_the_checkpoint_s_else_the_data_set_s(tmp_path):
    inferencer = Swin3DInferencer(*write_height_model(tmp_path))
    assert (inferencer.names, inferencer.palette) == (NAMES, PALETTE)
    inferencer = Swin3DInferencer(*write_height_model(tmp_path, meta=False))
    assert inferencer.names == S3DIS.names
    assert inferencer.palette == tuple(map(tuple, S3DIS.palette))


@pytest.mark.parametrize(
    'state, message',
    [
        (dict(other=torch.zeros(2)), 'another model.*1 missing: borders; 1 unknown: other'),
        (dict(borders=torch.zeros(3)), 'another model.*1 of another shape: borders'),
        (dict(borders=torch.zeros(2), extra=torch.zeros(1)), 'another model.*1 unknown: extra'),
        ({f'k{i}': torch.zeros(1) for i in range(9)}, '9 unknown: k0, .*and 3 more'),
        ({}, 'holds no weights'),
    ],
)
def test_checkpoint_of_another_model_is_refused_with_its_keys(state, message, tmp_path):
    config, checkpoint = write_height_model(tmp_path)
    torch.save(dict(state_dict=state), checkpoint)
    with pytest.raises(ValueError, match=message):
        Swin3DInferencer(config, checkpoint)


def test_checkpoint_with_bad_weights_is_refused_with_its_keys(tmp_path):
    config, checkpoint = write_height_model(tmp_path)
    for value in (float('nan'), float('inf')):
        torch.save(dict(state_dict=dict(borders=torch.tensor([1.0, value]))), checkpoint)
        with pytest.raises(ValueError, match='height.pth: borders has NaN or infinite values'):
            Swin3DInferencer(config, checkpoint)


def test_missing_files_are_named(tmp_path):
    config, checkpoint = write_height_model(tmp_path)
    with pytest.raises(ValueError, match='nothing.pth: no such file'):
        Swin3DInferencer(config, tmp_path / 'nothing.pth')
    with pytest.raises(ValueError, match='config .*nothing.py'):
        Swin3DInferencer(tmp_path / 'nothing.py', checkpoint)
    config.write_text(config.read_text().replace('pipeline=pipeline', ''))
    with pytest.raises(ValueError, match='expected a test pipeline'):
        Swin3DInferencer(config, checkpoint)


def test_weights_of_several_gpus_load(tmp_path):
    config, checkpoint = write_height_model(tmp_path)
    torch.save({'module.borders': torch.tensor([0.5, 9.0])}, checkpoint)
    xyz, _ = cloud()
    np.testing.assert_array_equal(
        Swin3DInferencer(config, checkpoint)(make_scan(xyz)).labels, xyz[:, 2] >= 0.5
    )


def test_labels_are_matched_by_class_name():
    label = np.array([0, 1, 2, 7])
    found = match_labels(label, ['Sofa', 'lamp', 'wall'], ['wall', 'floor', 'sofa'])
    np.testing.assert_array_equal(found, [2, -1, 0, -1])
