"""SL3D's loss against its definition, and the cells that its labels belong to."""

import math
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmengine.structures import BaseDataElement
from tiny_pretraining import tiny_student
from two_processes import run_processes

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.comparison import step_cost
from swin3d_mmdet3d.datasets.seeded_generators import seed_generators
from swin3d_mmdet3d.datasets.transforms import MakeViews, PackPretrainInputs, SourceCoords
from swin3d_mmdet3d.engine.cpu_processes import start_cpu_processes
from swin3d_mmdet3d.engine.hooks import SelfLabelHook
from swin3d_mmdet3d.pretraining.methods.sl3d import cell_keys
from swin3d_mmdet3d.structures.normal_points import NormalPoints

VOXEL, CELL, TEMPERATURE, CLUSTERS = 0.2, 0.6, 0.1, 6
TURN = dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1])
THIN = dict(type='GridSample', voxel_size=VOXEL)


def build(**changes):
    torch.manual_seed(0)
    settings = dict(
        type='SL3D',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=VOXEL),
        head=dict(
            type='PrototypeHead',
            in_channels=16,
            num_prototypes=CLUSTERS,
            hidden_channels=16,
            embed_channels=8,
            standardize=True,
        ),
        targets=dict(type='StoredLabels'),
        cell_size=CELL,
        temperature=TEMPERATURE,
        **tiny_student(),
    )
    model = MODELS.build({**settings, **changes})
    model.init_weights()
    return model


def batch_of(scenes=('hall', 'attic'), views=1, seed=0, shift=0.0):
    """Turned views of clouds over 3 x 2 x 1.5 m, a cloud for each name."""
    packed = []
    for number, scene in enumerate(scenes):
        cloud = np.random.default_rng(number).uniform(0, 1, (500, 6))
        cloud = cloud * [3, 2, 1.5, 2, 2, 2] - [0, 0, 0, 1, 1, 1] + [shift, 0, 0, 0, 0, 0]
        points = NormalPoints.from_columns(cloud.astype(np.float32))
        seed_generators(seed + number)
        results = SourceCoords().transform(dict(points=points, lidar_path=f'somewhere/{scene}.bin'))
        results = MakeViews([[TURN, THIN]] * views).transform(results)
        packed.append(PackPretrainInputs().transform(results))
    return pseudo_collate(packed)


def data_of(model, batch):
    return model.data_preprocessor(batch, training=True)


def keys_of(data, number=0):
    return cell_keys(data['inputs']['views'][number], data['data_samples'], CELL)


def labelled(model, batch):
    """The model with labels of a batch's cells, and the inputs."""
    data = data_of(model, batch)
    model.eval().assign_labels(*model.predict_cells(**data))
    return data


def test_a_voxel_has_the_key_of_its_scenes_cell_by_brute_force():
    model = build()
    data = data_of(model, batch_of())
    view = data['inputs']['views'][0]
    place, sample = view.at_voxels('source_xyz'), view.voxels.coords[:, 0]
    cells = [(int(s), *map(math.floor, (xyz.double() / CELL).tolist())) for s, xyz in zip(sample, place)]
    keys = keys_of(data).tolist()
    assert len(set(cells)) == len(set(keys)) == len(set(zip(cells, keys))) > 60


def test_cells_keep_their_keys_in_other_views_batches_and_orders():
    model = build()
    found = {}
    for scenes, seed in ((('hall', 'attic'), 0), (('hall',), 3), (('garage', 'hall'), 5)):
        data = data_of(model, batch_of(scenes, seed=seed))
        view = data['inputs']['views'][0]
        rows = (view.voxels.coords[:, 0] == scenes.index('hall')).nonzero().flatten()
        place = (view.at_voxels('source_xyz')[rows].double() / CELL).floor().tolist()
        found[scenes] = dict(zip(map(tuple, place), keys_of(data)[rows].tolist()))
        others = set(keys_of(data).tolist()) - set(found[scenes].values())
        assert bool(others) == (len(scenes) > 1)
    first, *rest = found.values()
    for other in rest:
        shared = first.keys() & other.keys()
        assert len(shared) > 20 and all(first[cell] == other[cell] for cell in shared)


def test_cells_below_zero_and_far_away_have_keys_and_lost_points_none():
    model = build()
    near, far = (set(keys_of(data_of(model, batch_of(shift=shift))).tolist()) for shift in (-1.2, 5e5))
    assert len(near) > 60 and len(far) > 60 and not near & far
    data = data_of(model, batch_of())
    data['inputs']['views'][0].per_point['source_xyz'][:] = torch.nan
    with pytest.raises(ValueError, match='source_xyz must be finite'):
        keys_of(data)


def test_scenes_without_a_name_are_told():
    model = build()
    data = data_of(model, batch_of())
    with pytest.raises(ValueError, match='data_samples must be 2 with names, got 0'):
        model.loss(data['inputs']['views'], None)
    with pytest.raises(ValueError, match=r"metainfo of a sample must have 'scene' or 'lidar_path', got \[\]"):
        model.loss(data['inputs']['views'], [BaseDataElement()] * 2)


def test_the_loss_is_the_cross_entropy_of_each_cells_label_in_float64():
    model = build()
    data = labelled(model, batch_of())
    losses = model.loss(data['inputs']['views'], data['data_samples'])
    (view,) = data['inputs']['views']
    feats = model.encode(view).finest[0]
    keys = keys_of(data)
    stored = dict(zip(model.targets.cells.tolist(), model.targets.labels.tolist()))
    means = torch.stack([feats[keys == key].mean(dim=0) for key in keys.unique()])
    costs, hits = [], []
    for key, cosines in zip(keys.unique().tolist(), model.head(means).double()):
        logits = cosines / TEMPERATURE
        costs.append(logits.logsumexp(0) - logits[stored[key]])
        hits.append(float(int(logits.argmax()) == stored[key]))
    assert losses['loss_cluster'].item() == pytest.approx(torch.stack(costs).mean().item(), abs=1e-5)
    assert losses['agreement'].item() == pytest.approx(sum(hits) / len(hits), abs=1e-6)
    assert losses['labelled_share'] == 1


def test_prototypes_that_are_all_one_have_the_loss_of_a_guess():
    model = build()
    torch.nn.init.ones_(model.head.prototypes)
    data = labelled(model, batch_of())
    losses = model.loss(data['inputs']['views'], data['data_samples'])
    assert losses['loss_cluster'].item() == pytest.approx(math.log(CLUSTERS), rel=1e-5)


def test_cells_without_a_label_do_not_count():
    head = dict(type='PrototypeHead', in_channels=16, num_prototypes=CLUSTERS, hidden_channels=16)
    model = build(head=dict(head, embed_channels=8))  # not standardised: cells do not depend on each other
    labelled(model, batch_of(('hall',)))
    data = data_of(model, batch_of(('hall', 'attic')))
    losses = model.loss(data['inputs']['views'], data['data_samples'])
    assert 0.3 < losses['labelled_share'] < 0.7
    alone = data_of(model, batch_of(('hall',)))
    own = model.loss(alone['inputs']['views'], alone['data_samples'])
    assert losses['loss_cluster'].item() == pytest.approx(own['loss_cluster'].item(), rel=1e-4)
    stranger = data_of(model.train(), batch_of(('attic',)))
    nothing = model.loss(stranger['inputs']['views'], stranger['data_samples'])
    assert nothing['loss_cluster'] == 0 and nothing['labelled_share'] == 0
    nothing['loss_cluster'].backward()


def test_online_targets_come_from_the_other_view_and_carry_no_gradient():
    model = build(targets=dict(type='OnlineLabels')).train()
    data = data_of(model, batch_of(views=2))
    losses = model.loss(data['inputs']['views'], data['data_samples'])
    losses['loss_cluster'].backward()
    assert 0.5 < losses['labelled_share'] <= 1 and losses['loss_cluster'] > 0
    grads = [weight.grad for weight in model.backbone.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
    model.eval()
    cells, _, cosines = zip(*(model._cells(view, data['data_samples']) for view in data['inputs']['views']))
    found = model.targets(cells, cosines)
    assert not any(shares.requires_grad for _, shares in found)
    cost = [
        -(shares.double() * (rows_of[rows].double() / TEMPERATURE).log_softmax(1)).sum(1)
        for rows_of, (rows, shares) in zip(cosines, found)
    ]
    own = model.loss(data['inputs']['views'], data['data_samples'])['loss_cluster']
    assert own.item() == pytest.approx(torch.cat(cost).mean().item(), abs=1e-5)


@pytest.mark.parametrize(
    ('times', 'power', 'wanted'), [(5, 2.0, {0, 37, 150, 337, 600}), (3, 1.0, {0, 300, 600})]
)
def test_labels_are_assigned_at_the_times_of_the_closed_form(times, power, wanted):
    assert SelfLabelHook(times, power).iterations(600) == wanted


def test_the_hook_wants_times_and_a_model_that_labels_itself():
    with pytest.raises(ValueError, match='times must be at least 2, got 1'):
        SelfLabelHook(times=1)
    runner = SimpleNamespace(model=torch.nn.Linear(1, 1))
    with pytest.raises(ValueError, match='a model with predict_cells and assign_labels, got Linear'):
        SelfLabelHook().before_train(runner)
    online = build(targets=dict(type='OnlineLabels'))
    with pytest.raises(TypeError, match='targets must be StoredLabels, got OnlineLabels'):
        SelfLabelHook.label(online, [batch_of()])


class Scenes:
    """Samples by row, whose random turn follows from the generators."""

    def __len__(self):
        return 2

    def __getitem__(self, row):
        seed = int(np.random.randint(1000))
        return batch_of((f'scene {row}',), seed=seed)


def first(batches):
    return batches[0]


def test_the_hook_labels_all_scenes_by_the_seed_the_iteration_and_the_row_and_moves_nothing_else():
    sizes = SimpleNamespace(batch_size=1)
    loader = SimpleNamespace(dataset=Scenes(), collate_fn=first, batch_sampler=sizes)
    model = build().train()
    before = {name: value.clone() for name, value in model.state_dict().items() if 'targets' not in name}
    labels = []
    for iteration, seed in ((0, 5), (0, 5), (2, 5), (0, 6), (1, 5)):
        runner = SimpleNamespace(model=model, train_dataloader=loader, iter=iteration, max_iters=8, seed=seed)
        np.random.seed(iteration + seed)
        state = np.random.get_state()[1].copy()
        SelfLabelHook(times=3).before_train_iter(runner, iteration)
        assert (np.random.get_state()[1] == state).all()
        labels.append((model.targets.cells.clone(), model.targets.labels.clone()))
        model.targets.cells, model.targets.labels = (model.targets.cells[:0] for _ in range(2))
    assert model.training
    assert all(
        torch.equal(value, before[name]) for name, value in model.state_dict().items() if name in before
    )
    assert all(map(torch.equal, labels[0], labels[1])) and len(labels[4][0]) == 0
    assert not all(map(torch.equal, labels[0], labels[2])) and not all(map(torch.equal, labels[0], labels[3]))
    scenes = {key for row in range(2) for key in keys_of(data_of(model, Scenes()[row])).tolist()}
    assert len(scenes & set(labels[0][0].tolist())) > 0.8 * len(labels[0][0])


class RepeatedScenes(Scenes):
    """Five samples of three scenes: the first two and the last two show one each, turned otherwise."""

    def __len__(self):
        return 5

    def __getitem__(self, row):
        return batch_of((f'scene {(0, 0, 1, 2, 2)[row]}',), seed=int(np.random.randint(1000)))


def label_in_process(path):
    """Label the scenes, in the share of this process if a launcher started it; keep the labels."""
    if 'RANK' in os.environ:
        start_cpu_processes(Config(dict(launcher='pytorch')))
    loader = SimpleNamespace(
        dataset=RepeatedScenes(), collate_fn=first, batch_sampler=SimpleNamespace(batch_size=1)
    )
    model = build()
    runner = SimpleNamespace(model=model, train_dataloader=loader, iter=0, max_iters=8, seed=5)
    SelfLabelHook().before_train_iter(runner, 0)
    torch.save(model.targets.state_dict(), f'{path}{os.environ.get("RANK", "")}.pth')


@pytest.mark.slow
def test_the_labels_of_two_processes_are_those_of_one(tmp_path):
    for number in (1, 2):
        run_processes(number, label_in_process, tmp_path / str(number))
    alone, *both = (torch.load(tmp_path / f'{name}.pth', weights_only=True) for name in ('1', '20', '21'))
    assert len(alone['cells']) == len(alone['cells'].unique()) > 3 * CLUSTERS
    for state in both:
        assert torch.equal(state['cells'], alone['cells'])
        assert torch.equal(state['labels'], alone['labels'])


def test_the_cost_of_a_step_is_that_of_one_with_labels():
    """The measure runs no hooks: it has the model label each batch before its step."""
    model = build().train()
    steps = object.__new__(step_cost._Steps)
    steps.runner = SimpleNamespace(model=model, hooks=[SelfLabelHook()])
    steps.loader = iter([batch_of(('hall',)), batch_of(('attic',))])
    steps.optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    before = model.head.prototypes.detach().clone()
    assert steps.run(2) > 0
    assert not torch.equal(model.head.prototypes, before) and len(model.targets.cells) > 60
