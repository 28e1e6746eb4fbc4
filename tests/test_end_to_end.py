"""The stock Runner trains, saves, resumes and tests a Swin3D on generated rooms, by config."""

from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner

from swin3d_mmdet3d.tools.analyze_logs import log_files, read_curves
from swin3d_mmdet3d.tools.make_rooms import make_rooms
from swin3d_mmdet3d.tools.test import main as run_test

CONFIG = Path(__file__).parents[1] / 'configs' / 'swin3d' / 'swin3d-tiny_rooms-seg.py'


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms')
    make_rooms('s3dis', str(folder), num_rooms=6, points_per_room=2500, seed=3, workers=1)
    return folder


def small_config(rooms, work_dir, max_iters):
    """The demo's config with a smaller network, larger voxels and fewer iterations."""
    config = Config.fromfile(CONFIG)
    # runs of one name share a visualizer, and so its folder, where they start in the same second
    config.experiment_name = str(work_dir).replace('/', '_')
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        dataset = loader.dataset.get('dataset', loader.dataset)
        dataset.data_root = str(rooms)
        loader.num_workers = 0
        loader.persistent_workers = False
    sizes = dict(channels=[8, 16], num_heads=[1, 2], window_sizes=[4, 4])
    config.model.data_preprocessor.voxel_size = 0.25
    config.model.backbone.update(depths=[1, 2], out_indices=(0, 1), **sizes)
    config.model.neck.update(**sizes)
    config.model.decode_head.in_channels = 8
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=2)
    config.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    config.param_scheduler = [dict(type='LinearLR', start_factor=0.5, by_epoch=False, begin=0, end=4)]
    config.work_dir = str(work_dir)
    config.log_level = 'WARNING'
    return config


def weights(runner):
    return {key: value.clone() for key, value in runner.model.state_dict().items()}


def test_resumed_training_equals_uninterrupted_training(rooms, tmp_path):
    whole = Runner.from_cfg(small_config(rooms, tmp_path / 'whole', 4))
    whole.train()

    first = Runner.from_cfg(small_config(rooms, tmp_path / 'parts', 2))
    first.train()
    config = small_config(rooms, tmp_path / 'parts', 2)
    config.resume = True
    resumed = Runner.from_cfg(config)
    resumed.load_or_resume()
    assert resumed.iter == 2
    for key, value in weights(first).items():
        assert torch.equal(resumed.model.state_dict()[key], value), key
    optimizer = resumed.optim_wrapper.optimizer.state_dict()
    assert len(optimizer['state']) == len(list(resumed.model.parameters()))


def test_same_seed_gives_the_same_weights_and_score(rooms, tmp_path):
    runs = []
    for name in ('one', 'two'):
        runner = Runner.from_cfg(small_config(rooms, tmp_path / name, 4))
        runner.train()
        runs.append((weights(runner), runner.message_hub.get_scalar('val/miou').current()))
    assert runs[0][1] == runs[1][1]
    assert all(torch.equal(runs[0][0][key], runs[1][0][key]) for key in runs[0][0])


def test_scores_of_the_log_lie_at_their_iterations(rooms, tmp_path):
    Runner.from_cfg(small_config(rooms, tmp_path, 4)).train()
    curves = read_curves(log_files(str(tmp_path)))
    assert curves['miou'].steps == [2, 4]
    assert curves['time'].steps == curves['loss'].steps  # of the training, not of the validation


def test_best_checkpoint_scores_the_same_when_tested(rooms, tmp_path):
    runner = Runner.from_cfg(small_config(rooms, tmp_path, 4))
    runner.train()
    best = runner.message_hub.get_info('best_score')
    config = small_config(rooms, tmp_path / 'test', 4)
    config.load_from = runner.message_hub.get_info('best_ckpt')
    tested = Runner.from_cfg(config)
    metrics = tested.test()
    assert metrics['miou'] == pytest.approx(best, abs=1e-9)
    saved = torch.load(config.load_from, weights_only=True)['state_dict']
    assert saved.keys() == tested.model.state_dict().keys()
    assert all(torch.equal(tested.model.state_dict()[key], saved[key]) for key in saved)


@pytest.mark.parametrize('votes', [[], ['--tta']])
def test_checkpoint_of_another_model_or_of_nan_is_refused_when_tested(rooms, tmp_path, votes):
    config = small_config(rooms, tmp_path / 'work', 2)  # where the runner leaves a config of the same name
    config.dump(tmp_path / 'config.py')
    arguments = [str(tmp_path / 'config.py'), str(tmp_path / 'weights.pth'), *votes]
    state = MODELS.build(config.model).state_dict()
    torch.save({'state_dict': state}, tmp_path / 'weights.pth')
    run_test(arguments)
    key = 'backbone.stem_layer.1.conv1.weight'
    for wrong in ({key: None}, {key: state[key][..., :3]}, {'extra': torch.zeros(1)}):
        weights = {k: v for k, v in {**state, **wrong}.items() if v is not None}
        torch.save({'state_dict': weights}, tmp_path / 'weights.pth')
        with pytest.raises(ValueError, match=f'checkpoint of another model(.|\n)*{[*wrong][0]}'):
            run_test(arguments)
    for key in ('backbone.layers.0.blocks.0.attn.qkv.weight', 'backbone.stem_layer.1.norm1.running_var'):
        bad = torch.full_like(state[key], torch.nan)
        torch.save({'state_dict': {**state, key: bad}}, tmp_path / 'weights.pth')
        with pytest.raises(ValueError, match=f'weights.pth: .*{key} has NaN or infinite values .1 of'):
            run_test(arguments)


@pytest.mark.parametrize('where', ['outputs', 'gradient'])
def test_training_stops_where_numbers_go_bad_with_rooms_and_module(rooms, tmp_path, where):
    runner = Runner.from_cfg(small_config(rooms, tmp_path, 6))
    attention = runner.model.backbone.layers[0].blocks[1].attn

    def spoil(module, inputs, output):
        if runner.iter != 2 or not module.training:
            return output
        if where == 'outputs':
            return output * torch.inf
        output.register_hook(lambda grad: grad * torch.nan)
        return output

    attention.register_forward_hook(spoil)
    with pytest.raises(FloatingPointError, match=r'iteration 3: .*Scans: \S+Area_\S+bin, \S+Area_') as caught:
        runner.train()
    module = 'backbone.layers.0.blocks.1.attn'
    assert f'is {module}.proj (' in str(caught.value) or f'is {module} (' in str(caught.value)
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
    assert (tmp_path / 'last_checkpoint').read_text().endswith('iter_2.pth')


@pytest.mark.parametrize('model_type', ['L1VoteTTAModel', 'Seg3DTTAModel'])
def test_votes_over_rotations_run_in_both_ways(model_type, rooms, tmp_path):
    config = small_config(rooms, tmp_path, 2)
    pipeline = config.tta_pipeline
    config.test_dataloader.dataset.pipeline = pipeline
    config.model = dict(type=model_type, module=config.model)
    metrics = Runner.from_cfg(config).test()
    assert 0 <= metrics['miou'] <= 1


@pytest.mark.slow
def test_loss_falls_when_one_room_is_overfitted(rooms, tmp_path):
    config = small_config(rooms, tmp_path, 100)
    config.train_dataloader.dataset.dataset.indices = 1
    config.train_dataloader.batch_size = 1
    config.train_cfg.val_interval = 1000
    config.param_scheduler = []
    config.optim_wrapper.optimizer.lr = 0.01
    runner = Runner.from_cfg(config)
    losses = []

    original = runner.model.decode_head.loss

    def record(feats, voxels, labels):
        out = original(feats, voxels, labels)
        losses.append(float(out['loss_seg'].detach()))
        return out

    runner.model.decode_head.loss = record
    runner.train()
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])
