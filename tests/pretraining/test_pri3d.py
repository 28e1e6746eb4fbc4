import math

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_student
from torch.nn.functional import normalize

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.checkpoints import load_strictly

VIEW = dict(view_matcher=dict(type='SharedVoxelPixels', max_pairs=50))
GEOMETRY = dict(
    matcher=dict(type='OnePixelPerVoxel', max_pairs=50),
    pixel_projection=dict(type='ProjectionHead', in_channels=8, out_channels=6),
    point_head=dict(type='ProjectionHead', in_channels=16, out_channels=6),
)
DEPTH = dict(depth_head=dict(type='DepthHead', in_channels=[8, 12]), depth_criterion=dict(type='DepthLoss'))


def build(*terms, student=None, **changes):
    parts = {name: part for term in terms for name, part in term.items()}
    student = (tiny_student() if GEOMETRY in terms else {}) if student is None else student
    config = dict(
        type='Pri3D',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2),
        image=dict(type='ImageEncoder', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1)),
        pixel_head=dict(type='PixelProjection', in_channels=[8, 12], out_channels=8),
        criterion=dict(type='InfoNCE', temperature=0.4, symmetric=True),
    )
    torch.manual_seed(0)
    return MODELS.build({**config, **student, **parts, **changes}).train()


def batch(**options):
    made = random_batch(**options)
    view = made['inputs']['views'][0]
    depths = [torch.rand(images.shape[0], *images.shape[2:]) * 4 for images in view['per_image']['images']]
    view['per_image']['depth'] = depths
    return made


def losses_of(model, data=None):
    torch.manual_seed(0)
    return model(**model.data_preprocessor(data or batch(), training=True), mode='loss')


def gradients(model, name):
    model.zero_grad()
    losses_of(model)[name].backward()
    return {
        part: any(w.grad is not None and bool(w.grad.abs().max() > 0) for w in module.parameters())
        for part, module in model.named_children()
        if any(True for _ in module.parameters())
    }


def test_each_term_trains_its_own_parts_and_the_image_network():
    model = build(VIEW, GEOMETRY, DEPTH)
    trained = {
        name: {p for p, has in gradients(model, name).items() if has}
        for name in ('loss_view', 'loss_geometry', 'loss_depth')
    }
    shared = {'backbone', 'neck', 'pixel_projection', 'point_head'}
    assert trained['loss_view'] == {'image', 'pixel_head'}
    assert trained['loss_geometry'] == {'image', 'pixel_head', *shared}
    assert trained['loss_depth'] == {'image', 'depth_head'}


def test_view_term_is_the_symmetric_contrast_of_unprojected_pixels():
    model, data = build(VIEW), batch(num_matches=300)
    view = model.data_preprocessor(data, training=True)['inputs']['views'][0]
    loss = losses_of(model, data)['loss_view']
    torch.manual_seed(0)
    model.data_preprocessor(data, training=True)
    pairs = model.view_matcher(view.matches)
    maps = model.image(view.images)
    query, key = (normalize(model.pixel_head(maps, side, (16, 24)).double(), dim=1) for side in pairs)
    query, key, rows = query.detach(), key.detach(), range(len(query))
    one_way = [[float(query[i] @ key[j]) / 0.4 for j in rows] for i in rows]
    expected = sum(
        (math.log(sum(map(math.exp, one_way[i]))) + math.log(sum(math.exp(one_way[j][i]) for j in rows))) / 2
        - one_way[i][i]
        for i in rows
    )
    assert len(query) > 5 and loss.item() == pytest.approx(expected / len(query), rel=1e-4)


def test_geometry_term_compares_projections_of_a_pixel_and_the_voxel_it_shows():
    model = build(GEOMETRY)
    for head in (model.pixel_projection, model.point_head):
        for weight in head.parameters():
            torch.nn.init.constant_(weight, 0.0 if weight.ndim > 1 else 1.0)
    losses = losses_of(model)
    pairs = round(losses['pairs_per_frame'].item() * 4)
    assert losses['loss_geometry'].item() == pytest.approx(math.log(pairs), abs=1e-5)
    assert 'loss_view' not in losses and 'loss_depth' not in losses


def test_depth_term_is_that_of_the_frames_of_the_view():
    model, data = build(DEPTH), batch()
    view = model.data_preprocessor(data, training=True)['inputs']['views'][0]
    model.eval()
    depth = model.depth_head(model.image(view.images), (16, 24))
    losses = losses_of(model, data)
    torch.testing.assert_close(losses['loss_depth'], model.depth_criterion(depth, view.per_image['depth']))
    del data['inputs']['views'][0]['per_image']['depth']
    with pytest.raises(ValueError, match="per_image fields of a view must have 'depth'"):
        losses_of(model, data)


@pytest.mark.parametrize('count', [0, 1])
def test_without_two_pairs_the_contrasts_are_0_with_gradients_of_0(count):
    model = build(VIEW, GEOMETRY)
    losses = losses_of(model, batch(num_samples=1, num_matches=count))
    total = losses['loss_view'] + losses['loss_geometry']
    total.backward()
    assert total.item() == 0 and losses['pairs_per_sample'] == 0
    assert all(bool((weight.grad == 0).all()) for weight in model.parameters() if weight.grad is not None)
    assert not any(name.endswith('_spread') for name in losses)


def test_parts_of_a_term_come_together_or_not_at_all():
    with pytest.raises(ValueError, match='the geometry term needs .*, got None for point_head'):
        build(GEOMETRY, point_head=None)
    with pytest.raises(ValueError, match='the geometry term needs .*, got None for backbone'):
        build(GEOMETRY, student={})
    with pytest.raises(ValueError, match='got None for matcher, pixel_projection, point_head'):
        build(VIEW, student=tiny_student())
    with pytest.raises(ValueError, match='the depth term needs .*, got None for depth_criterion'):
        build(DEPTH, depth_criterion=None)
    with pytest.raises(ValueError, match='one of the terms view, geometry, depth must have its parts'):
        build()


def test_the_image_network_is_exported_and_a_student_where_there_is_one():
    both, alone = build(VIEW, GEOMETRY), build(VIEW)
    assert set(both.export()) == {'image.pth', 'student.pth'} and set(alone.export()) == {'image.pth'}
    weights = both.export()['image.pth']
    assert all(name.startswith('image.') for name in weights)
    own = {name[len('image.') :]: weight for name, weight in weights.items()}
    other = build(VIEW).image
    load_strictly(other, own, 'image.pth')
    images = batch()['inputs']['views'][0]['per_image']['images'][0]
    for feature_map, expected in zip(other.eval()(images), both.image.eval()(images)):
        assert torch.equal(feature_map, expected)
