"""Point prompt training by the stock runner: three data sets, logs apart, folded exports, two processes."""

from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from tiny_prompted import CONDITIONS, batch, prompted, tiny_segmentor, train_on_rank
from tiny_scenes import write_tiny_s3dis, write_tiny_scannet, write_tiny_structured3d

from swin3d_mmdet3d.apis import set_data_root
from swin3d_mmdet3d.models.layers.prompt_norm import PromptNorm

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run of a few steps over three tiny data sets, with validation on all of them."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('trio')
    write_tiny_structured3d(folder / 'structured3d', 300, 4)
    write_tiny_scannet(folder / 'scannet', 300, 2)
    write_tiny_s3dis(folder / 's3dis', 300, 1)
    config = Config.fromfile(ROOT / 'configs/pretraining/ppt/ppt_swin3d-tiny_rooms.py')
    config.model.model = tiny_segmentor()
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.num_workers, loader.persistent_workers = 0, False
    set_data_root(config, folder / 's3dis')
    config.test_dataloader = config.test_evaluator = config.test_cfg = None
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=6, val_interval=6)
    config.param_scheduler = []
    config.default_hooks.checkpoint.interval = 6
    config.default_hooks.logger = dict(type='LoggerHook', interval=1)
    config.work_dir = str(folder / 'run')
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def test_losses_and_scores_of_each_data_set_are_logged_apart(trained):
    scalars = trained.message_hub.log_scalars
    for condition in CONDITIONS:
        history, _ = scalars[f'train/{condition}/loss_seg'].data
        assert len(history) == 2  # six steps, one batch of each in turn
        assert f'val/{condition}/miou' in scalars
    means = [scalars[f'val/{condition}/miou'].current() for condition in CONDITIONS]
    assert scalars['val/mean/miou'].current() == pytest.approx(sum(means) / 3)


def test_exported_models_load_into_plain_networks_and_give_the_same_features(trained):
    model = trained.model.eval()
    for condition in CONDITIONS:
        file = torch.load(Path(trained.work_dir) / f'{condition}.pth', weights_only=True)
        assert file['meta'] == dict(method='PPT', parts=['decode_head', 'backbone', 'neck'])
        plain = MODELS.build(Config(tiny_segmentor())).eval()
        plain.load_state_dict(file['state_dict'], strict=True)
        data = model.data_preprocessor(batch(condition), False)
        with torch.no_grad():
            prompted_logits = model(**data, mode='tensor')
            feats = plain.extract_feat(data['inputs']['feats'], data['inputs']['voxels'])
            texts = getattr(plain.decode_head.texts, condition)
            aligned = torch.nn.functional.normalize(plain.decode_head.projection(feats[0]), dim=1)
        torch.testing.assert_close(100 * aligned @ texts.t(), prompted_logits, atol=1e-3, rtol=1e-5)


def test_the_student_is_the_fold_of_s3dis(trained):
    folder = Path(trained.work_dir)
    student, folded = (torch.load(folder / f'{name}.pth')['state_dict'] for name in ('student', 'S3DIS'))
    assert {name.partition('.')[0] for name in student} == {'backbone', 'neck'}
    assert student.keys() == {name for name in folded if not name.startswith('decode_head.')}
    assert all(torch.equal(weight, folded[name]) for name, weight in student.items())


@pytest.mark.slow
def test_two_processes_train_on_other_scenes_of_one_data_set_a_step_and_stay_equal(tmp_path):
    mp.spawn(train_on_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f'{rank}.pth', weights_only=True) for rank in range(2))
    torch.manual_seed(0)
    start = dict(prompted('both').named_parameters())
    for name, weight in first.items():
        assert torch.equal(weight, second[name])
    assert not torch.equal(first['embeddings.S3DIS'], start['embeddings.S3DIS'])


@pytest.mark.parametrize(
    'name',
    [
        'ppt_swin3d-tiny_rooms',
        'ppt_swin3d-tiny_rooms_stem-tables',
        'ppt_swin3d-small_indoor-trio',
        'ppt-ppkt_swin3d-tiny_rooms',
    ],
)
def test_a_step_of_adam_moves_a_modulated_scale_no_farther_than_a_norms_own(name):
    """Adam moves each weight by the rate; a scale that 256 entries feed would move by dozens of rates."""
    settings = Config.fromfile(ROOT / 'configs' / 'pretraining' / 'ppt' / f'{name}.py').optim_wrapper
    settings.constructor = 'DefaultOptimWrapperConstructor'
    settings.optimizer.weight_decay = 0.0
    torch.manual_seed(0)
    model = prompted('adaptive')
    norms = [module for module in model.modules() if isinstance(module, PromptNorm)]
    prompt = model.prompt_of('ScanNet')
    before = [norm.fold(prompt).weight for norm in norms]
    optimizer = build_optim_wrapper(model, settings)
    entries = torch.nn.functional.silu(prompt.embedding.detach())
    scales = [norm.modulation(entries).sum() for norm in norms]
    optimizer.update_params(torch.stack(scales).sum())
    moved = max((norm.fold(prompt).weight - old).abs().max().item() for norm, old in zip(norms, before))
    assert 0 < moved < 3 * settings.optimizer.lr
