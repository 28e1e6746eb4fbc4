import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from scipy.optimize import linear_sum_assignment
from tiny_pretraining import random_batch, tiny_student

import swin3d_mmdet3d  # noqa: F401


def head(width):
    return dict(type='ProjectionHead', in_channels=width, out_channels=6, num_layers=3, norm_out=True)


def build(**changes):
    config = dict(
        type='SimIPU',
        data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2),
        image=dict(type='ImageEncoder', backbone=dict(type='TinyImageBackbone'), out_indices=(1,)),
        view_matcher=dict(type='RadiusMatcher', radius=0.3, max_pairs=1000),
        view_head=head(16),
        matcher=dict(type='OnePixelPerVoxel', max_pairs=100),
        pixel_head=head(12),
        point_head=head(16),
        criterion=dict(type='InfoNCE', temperature=0.07),
        **tiny_student(),
    )
    torch.manual_seed(0)
    return MODELS.build({**config, **changes}).train()


def batch(turned=True, **options):
    """A cloud with images, and a copy of it, turned by a quarter and scaled."""
    made = random_batch(**options)
    first = made['inputs']['views'][0]
    first['per_point'] = dict(source_xyz=[points[:, :3].clone() for points in first['points']])
    second = copy.deepcopy(first)
    second.update(per_image={}, per_match={})
    if turned:
        for points in second['points']:
            x, y = points[:, 0].clone(), points[:, 1].clone()
            points[:, 0], points[:, 1] = (2.0 - y) * 1.25, x * 1.25
    made['inputs']['views'] = [first, second]
    return made


def losses_of(model, data=None):
    torch.manual_seed(0)
    return model(**model.data_preprocessor(data or batch(), training=True), mode='loss')


def trained_parts(model, name):
    model.zero_grad()
    losses_of(model)[name].backward()
    return {
        part
        for part, module in model.named_children()
        if any(w.grad is not None and bool((w.grad != 0).any()) for w in module.parameters())
    }


def test_each_term_trains_what_the_paper_means_it_to():
    model = build()
    assert trained_parts(model, 'loss_intra') == {'backbone', 'neck', 'view_head'}
    assert trained_parts(model, 'loss_inter') == {'image', 'pixel_head', 'point_head'}


def test_the_released_form_leaves_the_projection_of_the_points_at_its_random_weights():
    model = build(detach='projection')
    assert trained_parts(model, 'loss_inter') == {'image', 'pixel_head'}
    assert trained_parts(model, 'loss_intra') == {'backbone', 'neck', 'view_head'}
    own, other = losses_of(build())['loss_inter'], losses_of(build(detach='projection'))['loss_inter']
    torch.testing.assert_close(own, other)  # the same number, with other gradients
    with pytest.raises(ValueError, match=r"detach must be one of \('features', 'projection'\), got 'image'"):
        build(detach='image')


def test_gradient_of_the_first_term_comes_through_the_first_view_alone():
    model = build()
    seen = []
    model.backbone.register_forward_hook(lambda module, inputs, levels: seen.append(levels[0][0]))
    losses_of(model)
    assert [feats.requires_grad for feats in seen] == [True, False]


def test_voxels_of_an_unmoved_copy_are_their_own_partners():
    model = build()
    first, second = model.data_preprocessor(batch(turned=False), training=True)['inputs']['views']
    rows, others = model.view_matcher(first, second)
    assert len(rows) == len(first.voxels) and torch.equal(rows, others)


def test_on_a_grid_the_nearest_voxel_is_the_partner_of_the_hungarian_matching():
    """Points half a metre apart, moved by less than half of it: the cheapest assignment is the nearest."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.arange(4) * 0.5
    grid = torch.cartesian_prod(steps, steps, steps)
    moved = grid + (torch.rand(64, 3, generator=generator) - 0.5) * 0.2
    order = torch.randperm(64, generator=generator)
    views = []
    for xyz in (grid, moved[order]):
        cloud = torch.cat([xyz - xyz.amin(0), torch.zeros(64, 3)], dim=1)
        views.append(dict(points=[cloud], per_point=dict(source_xyz=[xyz]), per_image={}, per_match={}))
    model = build()
    data = model.data_preprocessor(dict(inputs=dict(views=views), data_samples=None), training=True)
    first, second = data['inputs']['views']
    places = [view.at_voxels('source_xyz') for view in (first, second)]
    wanted = linear_sum_assignment(torch.cdist(*places).numpy())
    rows, others = model.view_matcher(first, second)
    assert dict(zip(rows.tolist(), others.tolist())) == dict(zip(*(side.tolist() for side in wanted)))


def test_what_no_image_shows_has_no_pair():
    model, data = build(), batch(num_samples=1, num_matches=40)
    first = model.data_preprocessor(data, training=True)['inputs']['views'][0]
    losses = losses_of(model, data)
    assert losses['pairs_per_frame'].item() * 2 == len(first.matches.voxel.unique()) < len(first.voxels)


@pytest.mark.parametrize('count', [0, 1])
def test_fewer_than_two_pixels_give_an_inter_modal_term_of_0(count):
    model = build()
    losses = losses_of(model, batch(num_samples=1, num_matches=count))
    (losses['loss_inter'] + losses['loss_intra']).backward()
    assert losses['loss_inter'].item() == 0 and losses['loss_intra'].item() > 0
    assert all(bool(w.grad.isfinite().all()) for w in model.parameters() if w.grad is not None)


def test_both_networks_are_exported():
    files = build().export()
    assert set(files) == {'student.pth', 'image.pth'}
    assert {name.partition('.')[0] for name in files['student.pth']} == {'backbone', 'neck'}
    assert {name.partition('.')[0] for name in files['image.pth']} == {'image'}


def test_a_norm_behind_the_last_layer_standardises_the_projection():
    projection = MODELS.build(head(16)).train()
    projected = projection(torch.randn(50, 16))
    torch.testing.assert_close(projected.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(projected.std(0, unbiased=False), torch.ones(6), atol=1e-3, rtol=0)
