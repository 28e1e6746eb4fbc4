"""From raw downloads to submission files: prepare, train, vote, submit, all through configs and tools."""

import zipfile
from pathlib import Path

import numpy as np
import oracle_segmentor  # noqa: F401  (registers the model)
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.runner import Runner
from raw_downloads import write_raw_s3dis, write_raw_scannet, write_raw_structured3d

from swin3d_mmdet3d.datasets import S3DIS, SCANNET, SCANNET200, STRUCTURED3D
from swin3d_mmdet3d.evaluation import RunScores
from swin3d_mmdet3d.preparation import prepare_s3dis, prepare_scannet, prepare_structured3d
from swin3d_mmdet3d.tools.check_submission import main as run_check
from swin3d_mmdet3d.tools.merge_areas import main as run_merge
from swin3d_mmdet3d.tools.test import enable_tta
from swin3d_mmdet3d.tools.test import main as run_test
from swin3d_mmdet3d.tools.train import main as run_train

CONFIGS = Path(__file__).parents[1] / 'configs' / 'swin3d'
RECIPES = {
    'scannet-seg': ('scannet', SCANNET),
    'scannet-seg_rgbn': ('scannet', SCANNET),
    'scannet200-seg': ('scannet', SCANNET200),
    'scannet200-seg_rgbn': ('scannet', SCANNET200),
    's3dis-seg': ('s3dis', S3DIS),
    'structured3d-seg_rgbn': ('structured3d', STRUCTURED3D),
}


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """Prepared data sets, made of generated raw downloads."""
    folder = tmp_path_factory.mktemp('data')
    raw = folder / 'raw'
    prepare_scannet(write_raw_scannet(raw / 'scannet', spacing=0.3), folder / 'scannet', workers=1)
    prepare_s3dis(write_raw_s3dis(raw / 's3dis', spacing=0.3), folder / 's3dis', workers=1)
    panoramas = write_raw_structured3d(raw / 'structured3d', size=(64, 32))
    prepare_structured3d(panoramas, folder / 'structured3d', workers=1)
    return folder


def tiny_config(recipe, roots, folder):
    """The recipe's config with its own pipelines, votes and metric, and a network of two stages."""
    config = Config.fromfile(CONFIGS / f'swin3d-small_{recipe}.py')
    train = config.train_dataloader.dataset.dataset
    for dataset in (train, config.val_dataloader.dataset, config.test_dataloader.dataset):
        dataset.data_root = str(roots / RECIPES[recipe][0])
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    config.train_dataloader.update(batch_size=2, sampler=dict(type='InfiniteSampler', shuffle=True))
    sizes = dict(channels=[8, 16], num_heads=[1, 2], window_sizes=[4, 4])
    config.model.data_preprocessor.voxel_size = 0.5
    config.model.backbone.update(depths=[1, 1], out_indices=(0, 1), **sizes)
    config.model.neck.update(sizes)
    config.model.decode_head.in_channels = 8
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
    config.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    config.param_scheduler = []
    config.work_dir = str(folder / 'work')
    config.log_level = 'WARNING'
    path = folder / f'swin3d-small_{recipe}.py'
    config.dump(path)
    return config, path


@pytest.mark.parametrize('votes', [False, True])
@pytest.mark.parametrize('recipe', RECIPES)
def test_oracle_scores_one_through_the_recipes_own_pipeline_and_metric(recipe, votes, roots, tmp_path):
    config, _ = tiny_config(recipe, roots, tmp_path)
    config.test_dataloader.dataset.ann_file = config.val_dataloader.dataset.ann_file
    classes = RECIPES[recipe][1]
    config.model = dict(type='OracleSegmentor', num_classes=len(classes))
    if votes:
        enable_tta(config)
    metrics = Runner.from_cfg(config).test()
    present = [name for name in classes.names if metrics[name] == 1.0]
    assert metrics['miou'] == metrics['acc'] == metrics['acc_cls'] == 1.0
    assert all(np.isnan(metrics[name]) for name in classes.names if name not in present)
    assert len(present) > 10


@pytest.mark.parametrize(
    'recipe',
    [
        'scannet-seg_rgbn',
        's3dis-seg',
        pytest.param('scannet200-seg', marks=pytest.mark.slow),
        pytest.param('structured3d-seg_rgbn', marks=pytest.mark.slow),
    ],
)
def test_raw_download_to_submission(recipe, roots, tmp_path):
    config, path = tiny_config(recipe, roots, tmp_path)
    run_train([str(path)])
    checkpoint = str(tmp_path / 'work' / 'iter_2.pth')

    run_test([str(path), checkpoint, '--tta'])
    result = RunScores.read(tmp_path / 'work' / 'test_result_votes.json')
    assert result.config == path.stem
    assert np.diag(result.confusion).sum() / np.sum(result.confusion) == pytest.approx(result.metrics['acc'])

    archive = tmp_path / 'submission.zip'
    votes = ['--tta'] if recipe == 'scannet-seg_rgbn' else []
    run_test([str(path), checkpoint, *votes, '--submission', str(archive)])
    domain, classes = RECIPES[recipe]
    infos = np.atleast_1d(config.submission_infos).tolist()
    benchmark = ['--benchmark', 'scannet200' if '200' in recipe else domain]
    assert run_check([str(archive), *benchmark, '--data-root', str(roots / domain), '--infos', *infos]) == 0
    with zipfile.ZipFile(archive) as file:
        scenes = load(str(roots / domain / infos[0]))['data_list']
        assert {Path(name).stem for name in file.namelist()} == {
            Path(scene['lidar_points']['lidar_path']).stem for scene in scenes
        }
        assert {int(n) for name in file.namelist() for n in file.read(name).split()} <= set(classes.raw_ids)


def test_a_submission_of_another_split_is_refused_by_the_check(roots, tmp_path):
    archive = tmp_path / 'submission.zip'
    with zipfile.ZipFile(archive, 'w') as file:
        file.writestr('scene0000_00.txt', '1\n')
    assert run_check([str(archive), '--data-root', str(roots / 'scannet')]) == 1
    assert run_check([str(archive), '--data-root', str(tmp_path)]) == 1


def test_folds_are_tested_and_merged_by_tools(roots, tmp_path, monkeypatch):
    results = []
    for area in (1, 5):
        monkeypatch.setenv('S3DIS_TEST_AREA', str(area))
        folder = tmp_path / f'area_{area}'
        folder.mkdir()
        config, path = tiny_config('s3dis-seg', roots, folder)
        config.model = dict(type='OracleSegmentor', num_classes=len(S3DIS))
        config.dump(path)
        torch.save(MODELS.build(config.model).state_dict(), folder / 'oracle.pth')
        run_test([str(path), str(folder / 'oracle.pth')])
        results.append(str(folder / 'work' / 'test_result.json'))
        assert RunScores.read(results[-1]).info_files == [f's3dis_infos_Area_{area}.pkl']
    assert run_merge(results) == 0
    assert run_merge([results[0], results[0]]) == 1


def test_submissions_need_a_config_that_names_their_split(roots, tmp_path):
    config, path = tiny_config('s3dis-seg', roots, tmp_path)
    config.pop('submission_infos')
    config.dump(path)
    with pytest.raises(ValueError, match='--submission needs submission_infos in config'):
        run_test([str(path), 'none.pth', '--submission', 'out.zip'])
