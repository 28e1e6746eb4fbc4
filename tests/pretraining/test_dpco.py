"""Contrast of clouds with depth maps: codes of whole frames, places within them, and what trains what."""

import math
from pathlib import Path

import pytest
import torch
from mmdet3d.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from posed_frames import write_posed_room
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.methods.dpco import as_images

CONFIGS = Path(__file__).parents[2] / 'configs' / 'pretraining' / 'dpco'
SIZE, NUM_FRAMES, QUEUE = (16, 24), 3, 5
MLP = dict(type='ProjectionHead', out_channels=10, num_layers=2, norm=False)
CLOUD_PARTS = ('backbone', 'neck', 'heads.cloud_code', 'heads.point_head')
DEPTH_PARTS = ('depth', 'heads.depth_code', 'heads.pixel_head')


def build(**changes):
    torch.manual_seed(0)
    encoder = dict(backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1), mean=[0.0] * 3, std=[8.0] * 3)
    config = dict(
        type='DPCo',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2),
        **tiny_student(),
        depth=dict(type='ImageEncoder', **encoder),
        cloud_code=dict(MLP, in_channels=16),
        depth_code=dict(MLP, in_channels=8 + 12),
        point_head=dict(type='ProjectionHead', in_channels=16, out_channels=6),
        pixel_head=dict(type='PixelProjection', in_channels=[8, 12], out_channels=6),
        queue=dict(type='QueueNCE', size=QUEUE, channels=10, temperature=0.2),
        criterion=dict(type='InfoNCE', temperature=0.2, symmetric=True),
        matcher=dict(type='OnePixelPerVoxel', max_pairs=9),
    )
    model = MODELS.build({**config, **changes})
    model.init_weights()
    for weight in model.teacher.parameters():  # not the student
        weight.add_(0.1 * torch.randn_like(weight))
    return model.train()


def views_of(model, num_matches=40):
    """Two views of three frames, as the preprocessor gives them."""
    views = []
    for number in range(2):
        batch = random_batch(NUM_FRAMES, 1, num_matches, SIZE, num_points=200 + number)
        (view,) = batch['inputs']['views']
        generator = torch.Generator().manual_seed(number)
        view['per_image']['depth'] = [
            torch.rand(1, *SIZE, generator=generator) * 5 for _ in range(NUM_FRAMES)
        ]
        views.append(view)
    batch['inputs']['views'] = views
    return model.data_preprocessor(batch, training=True)['inputs']['views']


def unit(rows):
    return torch.nn.functional.normalize(rows.double(), dim=-1)


def entropy(logits, right):
    """-log of the softmax of a list at one place."""
    return math.log(sum(math.exp(value) for value in logits)) - logits[right]


def codes_of(heads, cloud, maps, view):
    """Codes of both formats by a loop over frames."""
    of_clouds, of_maps = [], []
    for frame in range(NUM_FRAMES):
        rows = cloud[view.voxels.coords[:, 0] == frame]
        of_clouds.append(heads['cloud_code'](rows.max(dim=0).values[None])[0])
        largest = [one[frame].flatten(1).max(dim=1).values for one in maps]
        of_maps.append(heads['depth_code'](torch.cat(largest)[None])[0])
    return unit(torch.stack(of_clouds)), unit(torch.stack(of_maps))


def test_global_loss_is_that_of_a_loop_against_queues_of_the_other_format():
    model = build()
    first, second = views_of(model)
    queues = {name: queue.queue.rows.double() for name, queue in model.queues.items()}
    cloud, depth = model.encode(first).finest[0], model.depth(as_images(first))
    teacher = model.teacher.networks
    steady = model.teacher.encode(second).finest[0], teacher['depth'](as_images(second))
    query_cloud, query_depth = codes_of(model.heads, cloud, depth, first)
    key_cloud, key_depth = codes_of(teacher['heads'], *steady, second)
    terms = []
    for query, key, name in ((query_cloud, key_depth, 'depth'), (query_depth, key_cloud, 'cloud')):
        for frame in range(NUM_FRAMES):
            logits = [(query[frame] @ row).item() / 0.2 for row in (key[frame], *queues[name])]
            terms.append(entropy(logits, 0))
    found = model.global_loss((cloud, depth), [first, second])
    assert found.item() == pytest.approx(sum(terms) / len(terms), rel=1e-4)
    for name, keys in (('cloud', key_cloud), ('depth', key_depth)):  # for the next batch
        torch.testing.assert_close(
            model.queues[name].queue.rows[:NUM_FRAMES].double(), keys, atol=1e-5, rtol=0
        )
        torch.testing.assert_close(
            model.queues[name].queue.rows[NUM_FRAMES:].double(), queues[name][NUM_FRAMES:]
        )


def test_local_loss_is_the_mean_over_frames_of_a_loop_over_their_own_places():
    model = build()
    view = views_of(model)[0]
    chosen = []
    model.matcher.register_forward_hook(lambda module, given, made: chosen.append(made))
    cloud, maps = model.encode(view).finest[0], model.depth(as_images(view))
    found = model.local_loss((cloud, maps), view)
    assert [set(pairs.image.tolist()) for pairs in chosen] == [{0}, {1}, {2}]
    assert [len(pairs) for pairs in chosen] == [9] * NUM_FRAMES
    assert found['pairs_per_frame'].item() == 9
    losses = []
    for pairs in chosen:
        points = unit(model.heads['point_head'](cloud[pairs.voxel]))
        pixels = unit(model.heads['pixel_head'](maps, pairs, SIZE))
        logits = (points @ pixels.t() / 0.2).tolist()
        columns = [list(column) for column in zip(*logits)]
        terms = [entropy(rows[i], i) for rows in (logits, columns) for i in range(9)]
        losses.append(sum(terms) / len(terms))
    assert found['loss_local'].item() == pytest.approx(sum(losses) / NUM_FRAMES, rel=1e-4)


def test_features_of_one_frame_say_nothing_of_the_local_loss_of_another():
    model = build()
    view = views_of(model)[0]
    cloud, maps = model.encode(view).finest[0], model.depth(as_images(view))
    rows = view.voxels.coords[:, 0] == 2
    grads = torch.autograd.grad(
        model.local_loss((cloud, maps), view)['loss_local'], cloud, retain_graph=True
    )[0]
    other = cloud.detach().clone()
    other[rows] = torch.randn_like(other[rows])
    other.requires_grad_()
    torch.manual_seed(1)
    first = torch.autograd.grad(model.local_loss((other, maps), view)['loss_local'], other)[0]
    torch.manual_seed(1)
    again = cloud.detach().requires_grad_()
    second = torch.autograd.grad(model.local_loss((again, maps), view)['loss_local'], again)[0]
    torch.testing.assert_close(first[~rows], second[~rows])
    assert not torch.allclose(first[rows], second[rows]) and bool(grads[rows].any())


def reached(model, loss):
    """Parts of the model with a gradient other than 0."""
    model.zero_grad()
    loss.backward(retain_graph=True)
    names = {
        name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()
    }
    return {
        part for part in (*CLOUD_PARTS, *DEPTH_PARTS, 'teacher') if any(n.startswith(part) for n in names)
    }


@pytest.mark.parametrize(
    ('formats', 'by_local', 'by_global'),
    [
        (
            {},
            {'backbone', 'neck', 'depth', 'heads.point_head', 'heads.pixel_head'},
            {'backbone', 'neck', 'depth', 'heads.cloud_code', 'heads.depth_code'},
        ),
        (
            dict(local_formats=['depth'], global_formats=['cloud']),
            {'depth', 'heads.pixel_head'},
            {'backbone', 'neck', 'heads.cloud_code'},
        ),
        (
            dict(local_formats=['cloud'], global_formats=['depth']),
            {'backbone', 'neck', 'heads.point_head'},
            {'depth', 'heads.depth_code'},
        ),
    ],
    ids=['symmetric', 'asymmetric', 'the other way'],
)
def test_each_term_trains_the_formats_that_it_shall(formats, by_local, by_global):
    model = build(**formats)
    losses = model.loss(views_of(model), None)
    assert reached(model, losses['loss_local']) == by_local
    assert reached(model, losses['loss_global']) == by_global


def test_a_term_without_formats_is_left_out():
    model = build(global_formats=[])
    before = {name: queue.queue.rows for name, queue in model.queues.items()}
    assert 'loss_global' not in model.loss(views_of(model), None)
    assert all(torch.equal(queue.queue.rows, before[name]) for name, queue in model.queues.items())
    model = build(local_formats=[])
    assert 'loss_local' not in model.loss(views_of(model), None)


@pytest.mark.parametrize('count', [0, 1])
def test_frames_with_fewer_than_two_pairs_have_a_local_loss_of_0_and_codes_still(count):
    model = build()
    losses = model.loss(views_of(model, num_matches=count), None)
    assert losses['loss_local'].item() == 0 and losses['pairs_per_frame'].item() == count
    assert losses['loss_global'].item() > 0
    (losses['loss_local'] + losses['loss_global']).backward()


def test_a_view_with_several_depth_maps_of_a_cloud_is_refused():
    model = build()
    views = views_of(model)
    views[1].per_image['depth'] = views[1].per_image['depth'][:2]
    with pytest.raises(ValueError, match='views must have one depth map for each cloud, got 2 for 3'):
        model.loss(views, None)


@pytest.mark.parametrize(
    ('formats', 'message'),
    [
        (dict(global_formats=['image']), r"must name some of \('cloud', 'depth'\), got \('image',\) and"),
        (dict(global_formats=[], local_formats=[]), r'got \(\) and \(\)'),
    ],
)
def test_wrong_formats_are_named(formats, message):
    with pytest.raises(ValueError, match=message):
        build(**formats)


def test_arms_differ_from_the_method_in_what_their_names_say_alone():
    own, control, local = (
        Config.fromfile(CONFIGS / f'dpco_swin3d-tiny_rooms{suffix}.py')
        for suffix in ('', '_shuffled', '_local')
    )
    assert control.model.queue.pop('shuffle') is True and control.model.matcher.pop('shuffle') is True
    assert local.model.pop('global_formats') == []
    for arm in (control, local):
        assert own.model.to_dict() == arm.model.to_dict()
        assert own.train_dataloader.to_dict() == arm.train_dataloader.to_dict()


LEAVES = [path for path in sorted(CONFIGS.glob('*.py')) if 'rooms' not in path.stem]


@pytest.mark.slow
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_recipe_trains_its_student_on_its_own_pipeline(path, tmp_path):
    config = Config.fromfile(path)
    write_posed_room(tmp_path, num_frames=4)
    settings = config.train_dataloader.dataset
    settings.update(data_root=str(tmp_path), ann_file='scenes.pkl')
    for step in settings.pipeline[3].pipelines[0][:2] + settings.pipeline[3].pipelines[1][:2]:
        step.size = (64, 48)
    dataset = DATASETS.build(settings)
    config.model.data_preprocessor.voxel_size = 0.1
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    data = model.train().data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), training=True)
    losses = model(**data, mode='loss')
    (losses['loss_global'] + losses['loss_local']).backward()
    assert losses['pairs_per_frame'] > 20
    grads = [weight.grad for weight in model.parameters() if weight.requires_grad]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in grads)
    assert float(next(model.backbone.parameters()).grad.abs().max()) > 0
