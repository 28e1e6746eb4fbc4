"""Boxes with yaw, in whichever scene, stop the training of an axis-aligned head before its first step."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from sunrgbd_scenes import write_sunrgbd
from torch import nn

from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset
from swin3d_mmdet3d.engine.hooks import LearnableBoxesHook
from swin3d_mmdet3d.engine.hooks.learnable_boxes_hook import scenes_of
from swin3d_mmdet3d.models.box_coders import AxisAlignedBoxCoder, MobiusBoxCoder
from swin3d_mmdet3d.synthetic_rooms import make_rooms

CONFIGS = Path(__file__).parents[2] / 'configs'
TINY = [
    'fcaf3d/fcaf3d_swin3d-tiny_rooms-scannet-det.py',
    'tr3d/tr3d_swin3d-tiny_rooms-scannet-det.py',
    'cagroup3d/cagroup3d_swin3d-tiny_rooms-scannet-det.py',
]


@pytest.fixture(scope='module')
def sunrgbd(tmp_path_factory):
    return write_sunrgbd(tmp_path_factory.mktemp('sunrgbd') / 'data', points=100)


def settings(root, split):
    return dict(
        type='SUNRGBDDataset',
        data_root=str(root),
        ann_file=f'sunrgbd_infos_{split}.pkl',
        data_prefix=dict(pts='points'),
        test_mode=split == 'val',
    )


def runner_with(coder, train, val=None):
    """What the hook sees of a runner."""
    model = nn.Module()
    model.bbox_head = SimpleNamespace(bbox_coder=coder, num_classes=10) if coder else SimpleNamespace()
    loops = [
        dataset and SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset)) for dataset in (train, val)
    ]
    return SimpleNamespace(model=model, train_loop=loops[0], val_loop=loops[1])


def with_boxes_in(root, folder, scene=None):
    """A folder with the training infos as those of both splits, in which one scene alone has boxes."""
    infos = pickle.loads((root / 'sunrgbd_infos_train.pkl').read_bytes())
    for number, entry in enumerate(infos['data_list']):
        if number != scene:
            entry['instances'] = []
    folder.mkdir()
    for name in ('sunrgbd_infos_train.pkl', 'sunrgbd_infos_val.pkl'):
        (folder / name).write_bytes(pickle.dumps(infos))
    return folder


@pytest.mark.parametrize('scene, split', [(0, 'train'), (3, 'train'), (2, 'val')])
def test_one_box_with_yaw_in_any_scene_is_found_and_named(sunrgbd, tmp_path, scene, split):
    empty = settings(with_boxes_in(sunrgbd, tmp_path / 'empty'), split)
    turned = settings(with_boxes_in(sunrgbd, tmp_path / 'turned', scene), split)
    joined = dict(type='ConcatDataset', datasets=[empty, turned])
    wrapped = DATASETS.build(dict(type='RepeatDataset', times=3, dataset=joined))
    assert len(list(scenes_of(wrapped))) == 8
    datasets = (wrapped,) if split == 'train' else (DATASETS.build(empty), wrapped)
    said = rf'scene .*00000{scene + 1}\.bin: boxes must be .* in box 0 of 5.*MobiusBoxCoder'
    with pytest.raises(ValueError, match=said):
        LearnableBoxesHook().before_train(runner_with(AxisAlignedBoxCoder(), *datasets))


def test_heads_that_learn_yaw_and_heads_without_coder_go_on(sunrgbd):
    train, val = (DATASETS.build(settings(sunrgbd, split)) for split in ('train', 'val'))
    LearnableBoxesHook().before_train(runner_with(MobiusBoxCoder(), train, val))
    LearnableBoxesHook().before_train(runner_with(None, train, val))
    LearnableBoxesHook().before_train(runner_with(MobiusBoxCoder(), train))


@pytest.mark.parametrize(
    ('column', 'value', 'said'),
    [
        (0, float('nan'), 'boxes must be finite'),
        (4, 0.0, 'of a size above 0'),
        (None, 10, 'below 10, the number'),
    ],
)
def test_one_box_that_cannot_be_learnt_in_any_scene_is_found_and_named(
    sunrgbd, tmp_path, column, value, said
):
    ann_file = tmp_path / 'sunrgbd_infos_train.pkl'
    infos = pickle.loads((sunrgbd / ann_file.name).read_bytes())
    thing = infos['data_list'][2]['instances'][1]
    thing['bbox_3d'] = [value if row == column else own for row, own in enumerate(thing['bbox_3d'])]
    ann_file.write_bytes(pickle.dumps(infos))
    dataset = DATASETS.build(dict(settings(sunrgbd, 'train'), ann_file=str(ann_file)))
    if column is None:  # as of a data set without a table of labels
        info = dataset.get_data_info(2)
        info['ann_info']['gt_labels_3d'][1] = value
        dataset.get_data_info = lambda index: info
    with pytest.raises(ValueError, match=rf'scene .*000003\.bin: .*{said}'):
        LearnableBoxesHook().before_train(runner_with(MobiusBoxCoder(), dataset))


@pytest.fixture(scope='module')
def rooms(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rooms') / 'scannet'
    return Path(make_rooms('scannet', str(folder), 4, points_per_room=1500, seed=3, workers=1))


def turn_a_box(root, tmp_path, split, yaw=0.2):
    """Info files whose last scene of a split has one box with yaw; returns its name."""
    for name in ('scannet_infos_train.pkl', 'scannet_infos_val.pkl'):
        infos = pickle.loads((root / name).read_bytes())
        if split in name:
            last = infos['data_list'][-1]
            for number, thing in enumerate(last['instances']):
                thing['bbox_3d'] = [*thing['bbox_3d'], yaw * (number == 1)]
            scene = last['lidar_points']['lidar_path']
        (tmp_path / name).write_bytes(pickle.dumps(infos))
    return scene


@pytest.mark.slow
@pytest.mark.parametrize('split', ['train', 'val'])
@pytest.mark.parametrize('name', TINY, ids=lambda name: name.split('/')[0])
def test_no_axis_aligned_detector_takes_a_step(name, split, rooms, tmp_path):
    scene = turn_a_box(rooms, tmp_path, split)
    config = Config.fromfile(CONFIGS / name)
    for part in ('train', 'val', 'test'):
        loader = config[f'{part}_dataloader']
        dataset = innermost_dataset(loader)
        ann_file = 'scannet_infos_train.pkl' if part == 'train' else 'scannet_infos_val.pkl'
        dataset.update(data_root=str(rooms), ann_file=str(tmp_path / ann_file))
        loader.update(num_workers=0, persistent_workers=False)
    config.update(work_dir=str(tmp_path / 'work'), log_level='ERROR', custom_hooks=[], param_scheduler=[])
    runner = Runner.from_cfg(config)
    with pytest.raises(ValueError, match=rf'scene .*{scene}: boxes must be .* got yaw 0.2 rad in box 1 of'):
        runner.train()
    assert runner.iter == 0


def test_cagroup3d_refuses_a_coder_of_boxes_with_yaw():
    head = Config.fromfile(CONFIGS / TINY[2]).model.bbox_head
    with pytest.raises(ValueError, match='bbox_coder must be AxisAlignedBoxCoder.* got MobiusBoxCoder'):
        MODELS.build({**head, 'bbox_coder': dict(type='MobiusBoxCoder')})
