"""The benchmark measures the network that the config names, on the points that it says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from swin3d_ops.op import declared

from swin3d_mmdet3d.tools.benchmark import (
    boxes_room,
    main,
    measure,
    network_part,
    parse_arguments,
    part_names,
    scan_points,
    step,
    use_backend,
)

CONFIGS = Path(__file__).parents[2] / 'configs'
CONFIG = CONFIGS / 'swin3d' / 'swin3d-tiny_rooms-seg.py'
DETECTOR = CONFIGS / 'fcaf3d' / 'fcaf3d_swin3d-tiny_rooms-scannet-det.py'


def test_measured_voxels_are_those_of_the_network():
    config = Config.fromfile(CONFIG)
    points = boxes_room(1500)
    row = measure(config, points, train=True, runs=1)
    normals = torch.eye(3)[2].expand(len(points), 3)
    cloud = torch.cat([torch.from_numpy(points), normals], dim=1)
    voxels = MODELS.build(config.model).data_preprocessor.voxelize_points([cloud]).voxels
    assert row.voxels == len(voxels)
    assert row.seconds > 0 and row.cpu_seconds > 0 and row.peak_mb >= 0


def test_detector_is_measured_in_two_parts_that_do_not_reach_into_each_other():
    config = Config.fromfile(DETECTOR)
    assert part_names(config) == ('backbone', 'head') and part_names(Config.fromfile(CONFIG)) == ('network',)
    model = MODELS.build(config.model).train()
    batch = model.data_preprocessor.voxelize_points([torch.from_numpy(boxes_room(1500))])
    for part, other in (('backbone', 'bbox_head'), ('head', 'backbone')):
        own = 'bbox_head' if part == 'head' else 'backbone'
        step(network_part(model, vars(batch), part), train=True)
        named = dict(model.named_parameters())
        learnt = [key for key, value in named.items() if value.grad is not None]
        assert not [key for key in learnt if key.startswith(other)]
        assert len(learnt) > 0.9 * sum(key.startswith(own) for key in named)
        model.zero_grad()
    row = measure(config, boxes_room(1500), train=True, runs=1, part='head')
    assert row.voxels == len(batch.voxels) and row.seconds > 0


def test_rooms_of_all_sizes_have_one_density():
    occupied = []
    for num_points in (5000, 40000):
        points = boxes_room(num_points)
        assert np.abs(points[:, 3:]).max() <= 1
        cells = np.floor((points[:, :3] - points[:, :3].min(0)) / 0.02)
        occupied.append(num_points / len(np.unique(cells, axis=0)))
    assert occupied[0] == pytest.approx(occupied[1], rel=0.2)


def test_scan_is_thinned_to_distinct_points_of_it(tmp_path):
    scan = np.random.default_rng(0).uniform(0, 255, (100, 6)).astype(np.float32)
    np.save(tmp_path / 'scan.npy', scan)
    points = scan_points(str(tmp_path / 'scan.npy'), 40)
    places = {tuple(p) for p in (scan[:, :3] - scan[:, :3].min(0)).round(3).tolist()}
    assert len({tuple(p) for p in points[:, :3].round(3).tolist()}) == 40
    assert {tuple(p) for p in points[:, :3].round(3).tolist()} <= places
    assert np.abs(points[:, 3:]).max() <= 1


def test_a_run_can_be_told_its_back_end(monkeypatch):
    monkeypatch.setenv('SWIN3D_OPS', 'torch')
    assert parse_arguments(['config.py']).backends == ['torch']
    assert parse_arguments(['config.py', '--backends', 'auto', 'knn=torch']).backends == ['auto', 'knn=torch']
    use_backend('knn=reference')
    assert declared()['knn'].choose('cpu', 'auto') == 'reference'


@pytest.mark.slow
def test_back_ends_are_compared_row_by_row(capsys):
    assert main([str(CONFIG), '--points', '600', '--runs', '1', '--backends', 'torch', 'cpu']) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split('|')[1:4] for line in lines if line.startswith('| network')]
    assert [[cell.strip() for cell in row[:2]] for row in rows] == [['network', 'torch'], ['network', 'cpu']]
    assert rows[0][2] == rows[1][2]  # as many voxels
