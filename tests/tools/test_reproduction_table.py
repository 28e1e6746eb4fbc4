"""The reproduction table: what metafiles expect and what work folders hold."""

import json

import pytest

from swin3d_mmdet3d.evaluation import RunScores
from swin3d_mmdet3d.evaluation.reproduction import ExpectedScore, reached_score, read_work_folder
from swin3d_mmdet3d.tools.reproduction_table import all_expected_scores, main, reproduction_table

NAME = 'swin3d-small_s3dis-seg'


def expected(dataset='S3DIS area 5', metric='mIoU', config=NAME):
    return ExpectedScore(f'configs/swin3d/{config}.py', dataset, metric, 72.5, 'README')


def test_result(area=5, votes=False, confusion=None, config=NAME, **metrics):
    files = [f's3dis_infos_Area_{area}.pkl']
    return RunScores(config, 'best.pth', votes, files, metrics, ['a', 'b'], confusion)


test_result.__test__ = False


def test_metafiles_give_the_published_numbers():
    rows = {(row.config.split('/')[-1][:-3], row.dataset, row.metric): row for row in all_expected_scores()}
    published = {
        (NAME, 'S3DIS area 5', 'mIoU'): 72.5,
        (NAME, 'S3DIS six folds', 'mIoU'): 76.9,
        ('swin3d-small_s3dis-seg_finetune', 'S3DIS six folds', 'mIoU'): 78.2,
        ('swin3d-large_s3dis-seg_finetune', 'S3DIS area 5', 'mIoU'): 74.5,
        ('swin3d-large_s3dis-seg_finetune', 'S3DIS six folds', 'mIoU'): 79.8,
        ('swin3d-small_scannet-seg_rgbn', 'ScanNet val', 'mIoU'): 75.2,
        ('swin3d-small_scannet-seg_rgbn_finetune', 'ScanNet val', 'mIoU by 12 votes'): 76.8,
        ('swin3d-large_scannet-seg_rgbn_finetune', 'ScanNet val', 'mIoU by 12 votes'): 77.5,
        ('swin3d-large_scannet-seg_rgbn_finetune', 'ScanNet test server', 'mIoU'): 77.9,
        ('swin3d-small_structured3d-seg_rgbn', 'Structured3D val', 'mIoU'): 79.15,
        ('swin3d-large_structured3d-seg', 'Structured3D val', 'mIoU'): 79.79,
    }
    for key, percent in published.items():
        assert rows[key].percent == percent
        assert 'microsoft/Swin3D' in rows[key].source


def test_best_score_of_the_same_config_split_and_test_is_reached():
    results = [
        test_result(miou=0.7),
        test_result(miou=0.71),
        test_result(miou=0.73, votes=True),
        test_result(miou=0.9, area=1),
        test_result(miou=0.8, config='another'),
    ]
    assert reached_score(expected(), results) == pytest.approx(71)
    assert reached_score(expected(metric='mIoU by 12 votes'), results) == pytest.approx(73)
    assert reached_score(expected('ScanNet val'), results) is None
    assert reached_score(expected('ScanNet test server'), results) is None


def test_detection_thresholds_are_found_under_their_logged_names():
    results = [RunScores(NAME, '-', False, ['any.pkl'], {'mAP_0.25': 0.742, 'mAP_0.50': 0.595})]
    assert reached_score(expected('ScanNet', 'mAP@0.25'), results) == pytest.approx(74.2)
    assert reached_score(expected('ScanNet', 'mAP@0.5'), results) == pytest.approx(59.5)


def test_six_folds_are_merged_once_all_areas_are_tested():
    folds = [test_result(area, confusion=[[area, 0], [1, 1]]) for area in range(1, 7)]
    assert reached_score(expected('S3DIS six folds'), folds[:5]) is None
    assert reached_score(expected('S3DIS six folds'), folds) == pytest.approx(100 * (21 / 27 + 6 / 12) / 2)


def write_training(folder, lines, config=NAME):
    (folder / 'run' / 'vis_data').mkdir(parents=True)
    (folder / f'{config}.py').write_text("val_dataloader = dict(dataset=dict(ann_file='x/a.pkl'))\n")
    text = ''.join(f'{json.dumps(line)}\n' for line in lines)
    (folder / 'run' / 'vis_data' / 'scalars.json').write_text(text)


def test_untested_trainings_count_by_their_best_validation(tmp_path):
    write_training(
        tmp_path / 'deep' / 'er', [{'loss': 9.0, 'lr': 1.0}, {'miou': 0.5}, {'miou': 0.6}, {'miou': 0.4}]
    )
    (result,) = read_work_folder(tmp_path)
    assert (result.config, result.info_files, result.metrics) == (NAME, ['a.pkl'], {'miou': 0.6})
    test_result(miou=0.55).write(tmp_path)
    (result,) = read_work_folder(tmp_path)
    assert result.metrics == {'miou': 0.55}


def test_rows_without_a_number_show_a_dash(tmp_path):
    rows = [expected(), ExpectedScore('swin3d-small_scannet200-seg.py', 'ScanNet200', '-', None, '-')]
    lines = reproduction_table(rows, [test_result(miou=0.7123)]).splitlines()
    assert [cell.strip() for cell in lines[3].split('|')[1:-1]] == [
        NAME,
        'S3DIS area 5',
        'mIoU',
        '72.50',
        'README',
        '71.23',
    ]
    assert [cell.strip() for cell in lines[4].split('|')[-3:-1]] == ['-', '-']


def test_missing_folders_and_broken_results_fail_with_their_names(tmp_path, caplog):
    with pytest.raises(ValueError, match='work folder .*none does not exist'):
        read_work_folder(tmp_path / 'none')
    assert main([str(tmp_path / 'none')]) == 1
    (tmp_path / 'test_result.json').write_text('{')
    assert main([str(tmp_path)]) == 1
    assert main([]) == 0
