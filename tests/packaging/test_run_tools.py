import pytest
from mmengine.config import Config

from swin3d_mmdet3d.tools import test as test_tool
from swin3d_mmdet3d.tools import train as train_tool


@pytest.fixture
def config_file(tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    path = tmp_path / 'tiny.py'
    path.write_text("optim_wrapper = dict(type='OptimWrapper')\nmodel = dict(type='A')\n")
    return str(path)


def test_options_replace_settings_and_work_folder_follows_the_config_name(config_file):
    args = train_tool.parse_arguments([config_file, '--cfg-options', 'model.type=B'])
    cfg = train_tool.load_config(args)
    assert cfg.model.type == 'B'
    assert cfg.work_dir == 'work_dirs/tiny'


def test_resume_without_value_means_the_latest_checkpoint(config_file):
    assert train_tool.parse_arguments([config_file, '--resume']).resume == 'auto'
    assert train_tool.parse_arguments([config_file]).resume is None


def test_both_spellings_of_the_rank_are_understood(config_file):
    for flag in ('--local_rank', '--local-rank'):
        assert train_tool.parse_arguments([config_file, f'{flag}=3']).local_rank == 3


def test_amp_keeps_the_optimizer_and_refuses_other_wrappers():
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='SGD'))))
    train_tool.enable_amp(cfg)
    assert cfg.optim_wrapper == dict(type='AmpOptimWrapper', loss_scale='dynamic', optimizer=dict(type='SGD'))
    with pytest.raises(ValueError, match='got ApexOptimWrapper'):
        train_tool.enable_amp(Config(dict(optim_wrapper=dict(type='ApexOptimWrapper'))))


def test_scaling_the_learning_rate_needs_the_batch_size_it_was_chosen_for():
    with pytest.raises(ValueError, match='base_batch_size'):
        train_tool.enable_auto_scale_lr(Config(dict(auto_scale_lr=dict(enable=False))))


def test_config_without_training_data_is_refused_by_name(config_file):
    with pytest.raises(ValueError, match='tiny.py must define .*missing: train_dataloader, train_cfg'):
        train_tool.main([config_file])


def test_tta_reads_the_innermost_dataset_through_its_pipeline_and_wraps_the_model():
    inner = dict(type='D', pipeline=['plain'])
    cfg = Config(
        dict(
            model=dict(type='M'),
            tta_model=dict(type='T'),
            tta_pipeline=['views'],
            test_dataloader=dict(dataset=dict(type='Repeat', dataset=inner)),
        )
    )
    test_tool.enable_tta(cfg)
    assert cfg.test_dataloader.dataset.dataset.pipeline == ['views']
    assert cfg.model == dict(type='T', module=dict(type='M'))


def test_tta_without_its_settings_is_refused():
    with pytest.raises(ValueError, match='missing: tta_model, tta_pipeline'):
        test_tool.enable_tta(Config(dict(model=dict(type='M'))))
