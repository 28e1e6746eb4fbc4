"""The comparison of pretraining methods: what is held equal, what is measured, what is kept."""

import json
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config, ConfigDict

from swin3d_mmdet3d.comparison import (
    Protocol,
    SeedResults,
    arms_of,
    labelled_scenes,
    method_and_arm,
    read_results,
    results_name,
)
from swin3d_mmdet3d.comparison import measures as measures_module
from swin3d_mmdet3d.comparison import protocol as protocol_module
from swin3d_mmdet3d.comparison import results as results_module
from swin3d_mmdet3d.comparison.measures import Measurement, restrict_scenes
from swin3d_mmdet3d.comparison.method_names import arm_name
from swin3d_mmdet3d.comparison.runs import room_config
from swin3d_mmdet3d.comparison.students import find_student, put_raw_inputs, put_student
from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.models.backbones import RawInputs
from swin3d_mmdet3d.structures import SparseVoxels
from swin3d_mmdet3d.synthetic_objects import ObjectOptions, make_objects
from swin3d_mmdet3d.tools import compare_pretraining

ROOT = Path(__file__).parents[2]


def test_labelled_rooms_are_those_of_the_seed_and_never_held_out():
    for seed in range(5):
        few, many = labelled_scenes(60, 2, seed), labelled_scenes(60, 10, seed)
        assert few == labelled_scenes(60, 2, seed) and len(set(few)) == 2
        assert set(few) <= set(many) and max(many) < 50
    assert len({tuple(labelled_scenes(60, 2, seed)) for seed in range(5)}) == 5
    with pytest.raises(ValueError, match='at most the 5 rooms that are not held out, got 6'):
        labelled_scenes(6, 6, 0)


def test_results_are_kept_measure_by_measure_and_another_protocol_is_refused(tmp_path, monkeypatch):
    kept = SeedResults(tmp_path, 'ppkt', 3, Protocol())
    kept.add('spread', dict(spread=0.5))
    again = SeedResults(tmp_path, 'ppkt', 3, Protocol())
    assert 'spread' in again and 'cost' not in again
    (content,) = read_results(tmp_path)
    assert content['measures']['spread'].keys() == {'spread', 'commit', 'generator', 'machine', 'torch'}
    assert content['seed'] == 3
    with pytest.raises(ValueError, match='is of the protocol .*name another folder'):
        SeedResults(tmp_path, 'ppkt', 3, Protocol(rooms=30))
    with monkeypatch.context() as patch, pytest.raises(ValueError, match='name another folder'):
        patch.setattr(protocol_module, 'RECIPE', -1)  # rooms of another generator
        SeedResults(tmp_path, 'ppkt', 3, Protocol())
    kept.path.write_text('{"method": "ppkt"}')
    with pytest.raises(ValueError, match='is no result of a method and seed'):
        read_results(tmp_path)


def test_the_commit_is_that_at_the_start_of_the_process(tmp_path, monkeypatch):
    commits = iter(['a' * 12, 'b' * 12])
    monkeypatch.setattr(results_module, '_commit', lambda: next(commits))
    results_module.provenance.cache_clear()
    kept = SeedResults(tmp_path, 'ppkt', 3, Protocol())
    kept.add('spread', dict(spread=0.5))
    kept.add('cost', dict(ratio=1.0))
    results_module.provenance.cache_clear()
    (content,) = read_results(tmp_path)
    assert [numbers['commit'] for numbers in content['measures'].values()] == ['a' * 12] * 2


def test_results_of_the_published_rooms_stay_readable(tmp_path):
    """What the files hold, and what they are called, are not to change while the table grows."""
    numbers = dict(rooms_seed=11, rooms=60, points=30000, frames=6, few_labels=2, probed=10, detected=10)
    origin = dict(commit='0123456789ab', generator='ba9876543210', machine='A, 2 cores', torch='2.13.0+cpu')
    content = dict(
        method='ppkt',
        seed=4,
        protocol=dict(numbers, detection_steps=400, rooms_recipe=protocol_module.RECIPE),
        measures={'decoder probe': dict(metrics=dict(miou=27.5), cpu_seconds=60.0, **origin)},
    )
    (tmp_path / 'ppkt_rooms11_seed4.json').write_text(json.dumps(content))
    kept = SeedResults(tmp_path, results_name('ppkt'), 4, Protocol())
    assert kept.content == content and 'decoder probe' in kept
    assert read_results(tmp_path) == [content]


def test_a_student_starts_the_parts_that_it_has(tmp_path):
    torch.save(dict(state_dict={'backbone.a': torch.ones(1)}), tmp_path / 'student.pth')
    model = dict(backbone=dict(init_cfg='old'), neck=dict(init_cfg='old'), decode_head=dict())
    config = Config(dict(model=dict(model, head=dict(init_cfg='own'))))
    put_student(config, find_student(tmp_path))
    assert config.model.backbone.init_cfg == dict(
        type='StrictPretrained', checkpoint=str(tmp_path / 'student.pth'), prefix='backbone.'
    )
    assert config.model.neck.init_cfg is None
    put_student(config, None)
    assert config.model.backbone.init_cfg is None and config.model.head.init_cfg == 'own'
    config = Config(dict(model=dict(backbone=dict(), neck=dict(type='OfDetector'))))
    put_student(config, find_student(tmp_path))
    assert config.model == dict(backbone=dict(), neck=dict(type='OfDetector'))
    with pytest.raises(ValueError, match='must hold student.pth or model.pth, got neither'):
        find_student(tmp_path / 'nothing')


def test_a_student_of_objects_is_measured_by_the_test_of_its_own_recipe(tmp_path):
    measures = {
        method: list(Measurement(Protocol(), method, 0, tmp_path, tmp_path).measures())
        for method in ('ppkt', 'i2p_mae_object', 'scratch')
    }
    assert measures['i2p_mae_object'] == ['pretraining', 'cost', 'linear SVM']
    assert measures['ppkt'] == ['pretraining', 'cost', *measures['scratch']]


def test_image_networks_are_probed_beside_what_they_started_from(tmp_path):
    both, alone = (
        list(Measurement(Protocol(), method, 2, tmp_path, tmp_path).measures())
        for method in ('pri3d', 'mvdecor')
    )
    scratch = list(Measurement(Protocol(), 'scratch', 2, tmp_path, tmp_path).measures())
    assert alone == ['pretraining', 'cost', 'image probe', 'image start']
    assert both == [*alone, *scratch]
    assert Protocol().scenes('image probe', 2) == Protocol().scenes('encoder probe', 2)


def test_the_probe_of_an_image_network_reads_all_maps_of_the_one_that_was_pretrained(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(measures_module, 'train_and_test', lambda config: trained.append(config) or {})
    arm = tmp_path / 'own.py'
    arm.write_text(
        "_base_ = ['swin3d_mmdet3d::pretraining/mvdecor/mvdecor_swin3d-tiny_rooms.py']\n"
        "backbone = dict(_delete_=True, type='mmdet.ResNet', depth=18, base_channels=8)\n"
        'model = dict(image=dict(backbone=backbone, out_indices=(3,)))\n'
    )
    measures = Measurement(Protocol(), str(arm), 0, tmp_path, tmp_path / 'work').measures()
    for measure in ('image probe', 'image start'):
        measures[measure]()
    own, start = (config.model for config in trained)
    assert own.image.out_indices == (0, 1, 2, 3) and own.decode_head.in_channels == 8 + 16 + 32 + 64
    file = str(tmp_path / 'work' / 'pretraining' / 'image.pth')
    assert own.image.backbone.pop('init_cfg') == dict(
        type='StrictPretrained', checkpoint=file, prefix='image.backbone.'
    )
    assert own == start
    scenes = Protocol().scenes('image probe', 0)
    assert all(innermost_dataset(config.train_dataloader).indices == scenes for config in trained)


def test_objectives_beside_labels_take_the_place_of_what_follows_a_pretraining(tmp_path):
    for seed in (0, 2):
        measurement = Measurement(Protocol(), 'two_dpass', seed, tmp_path, tmp_path)
        assert list(measurement.measures()) == ['cost', 'fine-tuning']
    own, few = (
        room_config(name, tmp_path, tmp_path / 'run', seed=0)
        for name in ('two_dpass_swin3d-tiny_rooms', 'swin3d-tiny_rooms-seg_few')
    )
    put_student(few, None)
    for key in ('param_scheduler', 'train_cfg', 'test_evaluator', 'test_dataloader'):
        assert own[key] == few[key], key
    assert own.optim_wrapper.optimizer == few.optim_wrapper.optimizer
    assert own.optim_wrapper.paramwise_cfg == few.optim_wrapper.paramwise_cfg
    assert innermost_dataset(own.train_dataloader).indices == Protocol().few_labels
    assert own.train_dataloader.batch_size == few.train_dataloader.batch_size
    for part in ('data_preprocessor', 'decode_head', 'test_cfg'):
        assert own.model.model[part] == few.model[part], part
    for part in ('backbone', 'neck'):
        assert dict(own.model.model[part], init_cfg=None) == few.model[part], part


def test_an_objective_beside_boxes_takes_the_place_of_detection_for_its_seeds(tmp_path):
    chosen = {
        seed: list(Measurement(Protocol(), 'spnet', seed, tmp_path, tmp_path).measures()) for seed in (0, 2)
    }
    assert chosen == {0: ['cost', 'detection'], 2: ['cost']}
    names = ('spnet_swin3d-tiny_rooms', Protocol().recipes['detection'])
    own, plain = (
        room_config(name, tmp_path, tmp_path / 'run', 0, Protocol().detection_steps) for name in names
    )
    put_student(plain, None)
    assert own.train_cfg.max_iters == plain.train_cfg.max_iters == 400
    same = ('param_scheduler', 'optim_wrapper', 'train_dataloader', 'test_dataloader')
    for key in (*same, 'test_evaluator'):
        assert own[key] == plain[key], key
    backbone = dict(own.model.model.backbone, init_cfg=None)
    assert dict(own.model.model, backbone=backbone) == plain.model


def test_the_labelled_rooms_of_an_objective_are_those_of_all_methods(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(measures_module, 'train_and_test', lambda config: trained.append(config) or {})
    for method in ('scratch', 'two_dpass'):
        Measurement(Protocol(), method, 3, tmp_path, tmp_path).measures()['fine-tuning']()
    scratch, own = (innermost_dataset(config.train_dataloader) for config in trained)
    assert own.indices == scratch.indices == Protocol().scenes('fine-tuning', 3)
    assert own.ann_file == scratch.ann_file and own.type == scratch.type
    assert trained[1].randomness.seed == 3 and trained[1].model.type == 'WithObjectives'


@pytest.mark.slow
def test_the_linear_svm_is_that_of_the_student(tmp_path):
    make_objects(tmp_path / 'rooms' / 'objects', ObjectOptions(train=5, test=1, points=300), workers=1)
    measurement = Measurement(Protocol(), 'i2p_mae_object', 0, tmp_path / 'rooms', tmp_path / 'work')
    (tmp_path / 'work' / 'pretraining').mkdir(parents=True)
    torch.manual_seed(1)
    model = MODELS.build(measurement._pretraining().model)
    students = [model.export()['student.pth']]
    students.append({name: weight * 0 for name, weight in students[0].items()})
    scores = []
    for weights in students:
        content = dict(meta=dict(parts=['backbone']), state_dict=weights)
        torch.save(content, tmp_path / 'work' / 'pretraining' / 'student.pth')
        scores.append(measurement.measures()['linear SVM']()['metrics']['svm_accuracy'])
    assert scores[1] <= 2 / 41 < scores[0]  # features that do not tell objects apart


def test_rooms_are_chosen_over_all_areas():
    areas = [ConfigDict(type='Rooms', ann_file=f'{area}.pkl') for area in (1, 2)]
    wrapped = dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=areas))
    config = Config(dict(train_dataloader=dict(dataset=wrapped)))
    restrict_scenes(config, [0, 3])
    assert config.train_dataloader.dataset.dataset == dict(
        type='Rooms', ann_file=['1.pkl', '2.pkl'], indices=[0, 3]
    )


def test_raw_inputs_are_colour_normal_and_height_above_the_floor_of_the_scene():
    coords = torch.tensor([[0, 1, 2, 5], [0, 1, 2, 8], [1, 0, 0, -3]])
    rgb, normal = torch.rand(3, 3) * 2 - 1, torch.rand(3, 3) * 2 - 1
    voxels = SparseVoxels(
        coords, 2, voxel_size=0.5, signals=dict(xyz=torch.rand(3, 3), rgb=rgb, normal=normal)
    )
    ((values, same),) = RawInputs()(torch.rand(3, 9), voxels)
    plain = torch.cat([rgb, normal, torch.tensor([[0.0], [1.5], [0.0]])], dim=1)
    torch.testing.assert_close(values, torch.cat([plain, plain.square(), plain.abs()], dim=1))
    assert same is voxels and values.shape[1] == RawInputs.channels


def test_raw_inputs_take_the_place_of_a_frozen_network():
    config = Config(
        dict(
            model=dict(backbone=dict(type='Swin3D'), neck=dict(type='N'), decode_head=dict(in_channels=32)),
            custom_hooks=[dict(type='FreezeHook'), dict(type='Other')],
        )
    )
    put_raw_inputs(config)
    assert config.model.backbone == dict(type='RawInputs') and config.model.neck is None
    assert config.model.decode_head.in_channels == 21 and config.custom_hooks == [dict(type='Other')]


def test_a_method_is_named_as_its_recipe_is():
    names = {
        'ppkt': 'ppkt',
        'configs/pretraining/ppkt/ppkt_swin3d-tiny_rooms.py': 'ppkt',
        'ppkt_swin3d-tiny_rooms_random-anchors.py': 'ppkt_swin3d-tiny_rooms_random-anchors',
        str(ROOT / 'projects' / 'ppt' / 'arms.py'): 'ppt-arms',
        'own/net_v1.5.py': 'net_v1.5',
    }
    assert {method: results_name(method) for method in names} == names
    assert method_and_arm('ppkt_swin3d-tiny_rooms_random-anchors') == ('ppkt', 'random-anchors')
    assert method_and_arm('ppkt') == ('ppkt', '')
    assert arm_name('ppkt', 'random-anchors') == 'ppkt_swin3d-tiny_rooms_random-anchors'


def test_arms_of_a_method_are_the_further_leaves_of_its_folder(tmp_path):
    leaves = ('x_swin3d-tiny_rooms', 'x_swin3d-tiny_rooms_shuffled', 'x_swin3d-tiny_rooms_a-mask', 'x_frames')
    for leaf in leaves:
        (tmp_path / f'{leaf}.py').write_text('')
    (tmp_path / 'y_swin3d-tiny_rooms_other.py').write_text('')
    found = arms_of(str(tmp_path / 'x_swin3d-tiny_rooms.py'), Protocol())
    assert [Path(path).stem for path in found] == [leaves[2], leaves[1]]
    of_ppkt = [Path(path).stem for path in arms_of('ppkt', Protocol())]
    assert 'ppkt_swin3d-tiny_rooms_random-anchors' in of_ppkt
    assert all(method_and_arm(name)[0] == 'ppkt' for name in of_ppkt)
    with pytest.raises(ValueError, match='config pretraining/no_such'):
        arms_of('no_such', Protocol())


def test_one_command_measures_a_method_with_its_arms_and_controls_for_two_seeds(tmp_path, monkeypatch):
    for leaf in ('x_swin3d-tiny_rooms', 'x_swin3d-tiny_rooms_mask', 'x_swin3d-tiny_rooms_shuffled'):
        (tmp_path / f'{leaf}.py').write_text('')
    taken = []

    def measures_of(method, protocol, seed, rooms, folder):
        taken.append((folder.name, seed))
        return {'fine-tuning': lambda: dict(metrics=dict(miou=1.0))}

    monkeypatch.setattr(compare_pretraining, 'measures_of', measures_of)
    monkeypatch.setattr(Protocol, 'make_rooms', lambda self, folder: folder)
    recipe = str(tmp_path / 'x_swin3d-tiny_rooms.py')
    options = [f'--out={tmp_path}/out', f'--work-dir={tmp_path}/work', '--no-nice', '--seeds', '0', '1', '2']
    assert compare_pretraining.main([recipe, '--arms', *options]) == 0
    arms = [(f'x_swin3d-tiny_rooms_{arm}', seed) for seed in (0, 1, 2) for arm in ('mask', 'shuffled')]
    assert [entry for entry in taken if '_rooms_' in entry[0]] == arms[:-1]
    methods = ['scratch', 'raw', 'supervised', 'x']
    assert [name for name, seed in taken if seed == 2] == [*methods, 'x_swin3d-tiny_rooms_mask']
    taken.clear()
    compare_pretraining.main([recipe, *options])
    assert [name for name, seed in taken if seed == 0] == methods


def test_finished_measures_are_not_taken_again_and_others_go_on(tmp_path, monkeypatch):
    taken = []

    def measures_of(method, protocol, seed, rooms, folder):
        def take(measure):
            taken.append((method, seed, measure))
            if len(taken) == 4:
                raise KeyboardInterrupt
            return dict(metrics=dict(miou=float(len(taken))))

        return {
            measure: lambda measure=measure: take(measure) for measure in ('fine-tuning', 'decoder probe')
        }

    monkeypatch.setattr(compare_pretraining, 'measures_of', measures_of)
    monkeypatch.setattr(Protocol, 'make_rooms', lambda self, folder: folder)
    arguments = ['ppkt', '--seeds', '0', f'--out={tmp_path}', f'--work-dir={tmp_path}/work', '--no-nice']
    with pytest.raises(KeyboardInterrupt):
        compare_pretraining.main(arguments)
    assert compare_pretraining.main(arguments) == 0
    assert taken[3] == taken[4] and len(taken) == 4 * 2 + 1
    content = json.loads((tmp_path / 'results.json').read_text())
    assert [entry['method'] for entry in content] == ['ppkt', 'raw', 'scratch', 'supervised']
    before = len(taken)
    assert compare_pretraining.main(arguments) == 0 and len(taken) == before


def test_trainings_are_seeded_shortened_and_read_the_rooms_of_their_layout(tmp_path):
    rooms = tmp_path / 's3dis'
    config = room_config('swin3d-tiny_rooms-seg', rooms, tmp_path / 'run', seed=3, iters=60)
    assert config.train_cfg.max_iters == 60 and config.param_scheduler[-1]['end'] == 60
    assert config.randomness.seed == 3
    for loader in (config.train_dataloader, config.test_dataloader):
        assert innermost_dataset(loader).data_root == str(rooms)
    assert {config[f'{loader}_dataloader'].num_workers for loader in ('train', 'test')} == {0}
    domains = room_config('ppt_swin3d-tiny_rooms', rooms, tmp_path / 'run', seed=3)
    sources = domains.train_dataloader.dataset.datasets
    roots = [Path(innermost_dataset(source).data_root).resolve() for source in sources]
    assert roots == [tmp_path / name for name in ('structured3d', 'scannet', 's3dis')]


ARMS = sorted((ROOT / 'configs' / 'pretraining').glob('*/*_swin3d-tiny_rooms_*.py'))


@pytest.mark.parametrize('leaf', ARMS, ids=lambda path: path.stem)
def test_an_arm_takes_the_steps_rates_and_batches_of_its_method(leaf):
    method, _ = method_and_arm(leaf.stem)
    arm, plain = map(Config.fromfile, (leaf, leaf.with_name(f'{method}_swin3d-tiny_rooms.py')))
    for key in ('train_cfg', 'optim_wrapper', 'param_scheduler', 'randomness'):
        assert arm[key] == plain[key], key
    assert arm.train_dataloader.batch_size == plain.train_dataloader.batch_size
    assert arm.to_dict() != plain.to_dict()
