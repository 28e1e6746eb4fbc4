"""The token transformer: weights of the published size, hidden tokens unread, batches, radii, tiny clouds."""

from dataclasses import replace

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_objects import TINY_TRANSFORMER

from swin3d_mmdet3d.models.backbones.token_transformer import visible_tokens


def network(**changes):
    torch.manual_seed(0)
    return MODELS.build(dict(TINY_TRANSFORMER, **changes))


def cloud(count=2, points=60, seed=0):
    return torch.randn(count, points, 3, generator=torch.Generator().manual_seed(seed))


def counted(width):
    """Weights of a block: two norms, attention without bias but of its projection, an MLP of four times."""
    return 2 * 2 * width + 3 * width**2 + width**2 + width + 8 * width**2 + 5 * width


def embedding(low, first, last, second, high):
    return (
        (low + 1) * first
        + 2 * first
        + (first + 1) * last
        + (2 * last + 1) * second
        + 2 * second
        + (second + 1) * high
    )


def test_weights_are_as_many_as_the_layers_of_the_paper_have_and_12_9_million_with_a_classifier():
    with torch.device('meta'):
        model = MODELS.build(
            dict(type='ObjectClassifier', backbone=dict(type='TokenTransformer'), num_classes=15)
        )
    own = sum(weight.numel() for weight in model.backbone.parameters())
    widths = (96, 192, 384)
    wanted = sum(5 * counted(width) + 3 * width + width + width**2 + width + 2 * width for width in widths)
    wanted += embedding(3, 128, 256, 512, 96)
    wanted += embedding(96, 96, 96, 192, 192) + embedding(192, 192, 192, 384, 384)
    assert own == wanted == 12_654_976
    total = sum(weight.numel() for weight in model.parameters())
    assert total == own + 769 * 256 + 512 + 257 * 256 + 512 + 257 * 15 == 12_922_511


def test_members_of_visible_groups_are_visible_down_to_the_finest_level():
    model = network()
    tokens = model.tokenize(cloud())
    visible = torch.zeros(2, 6, dtype=torch.bool)
    visible[0, 2] = visible[1, :2] = True
    shown = visible_tokens(tokens, visible)
    assert torch.equal(shown[2], visible)
    for level in (1, 2):
        for item in range(2):
            wanted = set(tokens[level].index[item, shown[level][item]].flatten().tolist())
            assert set(shown[level - 1][item].nonzero().flatten().tolist()) == wanted


@pytest.mark.parametrize('mode', ['train', 'eval'])
def test_nothing_of_a_hidden_token_reaches_a_visible_one(mode):
    model = network()
    getattr(model, mode)()
    tokens = model.tokenize(cloud())
    visible = torch.zeros(2, 6, dtype=torch.bool)
    visible[0, 2] = visible[1, :2] = True
    found = model(tokens, visible)
    changed = []
    for level, shown in zip(tokens, visible_tokens(tokens, visible)):
        hidden = ~shown
        assert bool(hidden.any())
        groups, xyz = level.groups.clone(), level.xyz.clone()
        groups[hidden] += 3
        xyz[hidden] -= 5
        changed.append(replace(level, groups=groups, xyz=xyz))
    for before, after in zip(found, model(changed, visible)):
        assert torch.equal(before.feats, after.feats)
        assert bool((before.feats[~before.visible] == 0).all())
    moved = [replace(level, groups=level.groups * 2) for level in tokens]
    assert not torch.equal(model(moved, visible)[0].feats, found[0].feats)


def test_objects_of_a_batch_do_not_change_each_other_and_one_alone_is_as_in_a_batch():
    model = network().eval()
    points = cloud(3)
    visible = torch.zeros(3, 6, dtype=torch.bool)
    visible[0, :1] = visible[1, 1:4] = visible[2] = True
    together = model(model.tokenize(points), visible)
    for item in range(3):
        alone = model(model.tokenize(points[item : item + 1]), visible[item : item + 1])
        for one, many in zip(alone, together):
            torch.testing.assert_close(one.feats[0], many.feats[item], atol=1e-6, rtol=1e-5)


def test_all_visible_is_the_same_as_no_mask_where_each_token_is_in_a_group():
    model = network(group_sizes=(6, 24, 12)).eval()
    tokens = model.tokenize(cloud())
    for one, other in zip(model(tokens), model(tokens, torch.ones(2, 6, dtype=torch.bool))):
        torch.testing.assert_close(one.feats, other.feats)


def test_a_radius_keeps_tokens_from_those_beyond_it():
    torch.manual_seed(0)
    points = torch.cat([torch.rand(1, 30, 3), torch.rand(1, 30, 3) + 3], dim=1)
    model = network(local_radii=(2.0, 2.0, 2.0)).eval()
    for weight in model.parameters():
        weight.data *= 4  # initial weights hardly mix tokens
    tokens = model.tokenize(points)
    far = tokens[0].xyz[0, :, 0] > 2
    groups = tokens[0].groups.clone()
    groups[0, far] *= 2
    before, after = model(tokens), model([replace(tokens[0], groups=groups), *tokens[1:]])
    for level in range(3):
        near = tokens[level].xyz[0, :, 0] < 2
        assert torch.equal(before[level].feats[0, near], after[level].feats[0, near])
        assert not torch.equal(before[level].feats[0, ~near], after[level].feats[0, ~near])
    everywhere = network().eval()
    everywhere.load_state_dict(model.state_dict())
    assert not torch.equal(everywhere(tokens)[0].feats, before[0].feats)
    wide = network(local_radii=(1e4, 1e4, 1e4)).eval()
    wide.load_state_dict(model.state_dict())
    torch.testing.assert_close(wide(tokens)[2].feats, everywhere(tokens)[2].feats)


@pytest.mark.parametrize('points', [1, 2, 5])
@pytest.mark.parametrize('radius', [0.0, 0.5])
def test_clouds_of_hardly_any_points_have_finite_features_and_gradients(points, radius):
    model = network(local_radii=(radius,) * 3).train()
    visible = torch.zeros(1, 6, dtype=torch.bool)
    visible[0, 1] = True
    levels = model(model.tokenize(cloud(1, points)), visible)
    sum(level.feats.square().sum() for level in levels).backward()
    grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(bool(grad.isfinite().all()) for grad in grads)
    assert all(bool(level.feats.isfinite().all()) for level in levels)


def test_points_in_another_order_give_the_same_pooled_feature_from_the_same_start():
    model = network().eval()
    points = cloud(1)
    order = torch.cat([torch.zeros(1, dtype=torch.int64), 1 + torch.randperm(59)])
    first, second = (model(model.tokenize(p))[-1].feats.amax(1) for p in (points, points[:, order]))
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    'change', [dict(depths=(1, 1)), dict(group_sizes=(6, 0, 3)), dict(local_radii=(1.0,)), dict(num_heads=5)]
)
def test_lists_that_do_not_fit_are_named(change):
    with pytest.raises(ValueError, match='channels' if 'num_heads' in change else next(iter(change))):
        network(**change)
