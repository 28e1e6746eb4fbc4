"""The stock Runner trains, saves, tests and predicts with every detector on generated rooms, by config."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from swin3d_mmdet3d.apis import Swin3DInferencer, make_scan, read_boxes
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.synthetic_rooms import make_rooms
from swin3d_mmdet3d.tools.predict import main as run_predict
from swin3d_mmdet3d.tools.test import main as run_test

CONFIGS = sorted((Path(__file__).parents[1] / 'configs').glob('*/*tiny_rooms-*-det.py'))
ROOMS = {'scannet': 4, 's3dis': 6}


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms')
    return {
        domain: str(make_rooms(domain, str(folder / domain), rooms, points_per_room=2500, seed=3, workers=1))
        for domain, rooms in ROOMS.items()
    }


def small_config(path, roots, work_dir, max_iters=2):
    """A config with its data, voxels of 12 cm and few iterations."""
    config = Config.fromfile(path)
    inner = innermost_dataset(config.train_dataloader)
    for dataset in (
        *inner.get('datasets', [inner]),
        config.val_dataloader.dataset,
        config.test_dataloader.dataset,
    ):
        dataset.data_root = roots['scannet' if 'scannet' in path.stem else 's3dis']
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.num_workers = 0
        loader.persistent_workers = False
    config.model.data_preprocessor.voxel_size = 0.12
    config.model.test_cfg.score_thr = 1e-4
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
    config.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    config.param_scheduler = []
    config.custom_hooks = config.get('custom_hooks', [])
    config.default_hooks.checkpoint = dict(
        type='AtomicCheckpointHook', by_epoch=False, interval=max_iters, save_best='mAP_0.25', rule='greater'
    )
    config.work_dir = str(work_dir)
    config.log_level = 'WARNING'
    return config


@pytest.fixture(scope='module', params=CONFIGS, ids=lambda path: path.stem)
def trained(request, roots, tmp_path_factory):
    """A config, its trained runner and its checkpoint."""
    folder = tmp_path_factory.mktemp(request.param.stem)
    config = small_config(request.param, roots, folder)
    config.dump(folder / 'config.py')
    runner = Runner.from_cfg(config)
    runner.train()
    return folder / 'config.py', runner, folder / 'iter_2.pth'


def test_gradients_reach_every_weight_below_the_heads_and_are_finite(trained):
    _, runner, _ = trained
    momentum = {id(p): state['exp_avg'] for p, state in runner.optim_wrapper.optimizer.state.items()}
    named = dict(runner.model.named_parameters())
    assert all(bool(torch.isfinite(momentum[id(p)]).all()) for p in named.values() if id(p) in momentum)
    still = [n for n, p in named.items() if id(p) not in momentum or not bool(momentum[id(p)].any())]
    # In heads, a level whose sites lie in no box learns no distances, and a class without votes no boxes.
    assert not [name for name in still if not name.startswith(('bbox_head.', 'roi_head.'))]


def test_checkpoint_scores_the_same_when_tested(trained, tmp_path):
    config, runner, checkpoint = trained
    best = runner.message_hub.get_scalar('val/mAP_0.25').current()
    tested = Config.fromfile(config)
    tested.load_from = str(checkpoint)
    tested.work_dir = str(tmp_path)
    scores = Runner.from_cfg(tested).test()
    assert np.isfinite(scores['mAP_0.25']) and scores['mAP_0.25'] == pytest.approx(best, abs=1e-9)
    run_test([str(config), str(checkpoint), '--work-dir', str(tmp_path)])


def test_inferencer_finds_the_boxes_of_the_runner(trained, tmp_path):
    config, runner, checkpoint = trained
    dataset = runner.val_dataloader.dataset
    points = dataset[0]['inputs']['points'].numpy()
    model = runner.model.eval()
    with torch.no_grad():
        (sample,) = model.test_step(runner.val_loop.dataloader.collate_fn([dataset[0]]))
    expected = sample.pred_instances_3d
    color = np.rint((points[:, 3:] + 1) * 127.5).astype(np.float32)
    boxes = Swin3DInferencer(config, checkpoint)(make_scan(points[:, :3], color.astype(np.uint8))).boxes
    assert len(boxes) == len(expected.labels_3d)
    # Untrained, CAGroup3D groups no voxels, and finds nothing.
    assert len(boxes) > 0 or 'semantic_threshold' in runner.cfg.model.bbox_head
    order = expected.scores_3d.argsort(descending=True, stable=True)
    score = expected.scores_3d[order].cpu().numpy()
    np.testing.assert_allclose(boxes.score, score, atol=1e-4)
    # Where scores tie the order is open: each box must be among those expected.
    wanted = torch.cat([expected.bboxes_3d.gravity_center, expected.bboxes_3d.dims], dim=1).numpy()
    found = np.concatenate([boxes.center, boxes.size], axis=1)
    if len(boxes):
        distance = np.abs(found[:, None] - wanted[None]).max(axis=2).min(axis=1)
        assert (distance < 1e-3).mean() > 0.99


def test_predict_writes_the_boxes_of_a_room(trained, tmp_path):
    config, runner, checkpoint = trained
    path = runner.val_dataloader.dataset.get_data_info(0)['lidar_path']
    arguments = [
        path,
        f'--config={config}',
        f'--checkpoint={checkpoint}',
        f'--out={tmp_path}',
        '--min-score=0',
    ]
    assert run_predict(arguments) == 0
    boxes, names = read_boxes(tmp_path / f'{Path(path).stem}.json')
    assert names == tuple(runner.val_dataloader.dataset.metainfo['classes'])
    assert len(boxes) > 0 or 'semantic_threshold' in runner.cfg.model.bbox_head
    assert (np.diff(boxes.score) <= 0).all()
    assert {file.suffix for file in tmp_path.iterdir()} == {'.json', '.ply', '.png'}
