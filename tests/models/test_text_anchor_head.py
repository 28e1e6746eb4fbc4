"""LGround's head and loss against closed forms and loops in float64."""

import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.language.text_table import TextTable, save_text_table
from swin3d_mmdet3d.models import TextAnchorHead
from swin3d_mmdet3d.models.losses import AnchorMarginLoss
from swin3d_mmdet3d.models.losses import anchor_margin_loss as module

NAMES = ('wall', 'floor', 'chair', 'lamp', 'sofa', 'sink', 'tray', 'bin')
K = len(NAMES)


@pytest.fixture
def table_file(tmp_path):
    """Eight orthogonal anchors."""
    torch.manual_seed(0)
    save_text_table(TextTable(NAMES, torch.linalg.qr(torch.randn(K, K))[0], 'random'), tmp_path / 'table.npz')
    return str(tmp_path / 'table.npz')


def head_of(table_file, **settings):
    """A head that projects nothing: features are compared with the anchors as they are."""
    head = TextAnchorHead(K, table_file, NAMES, **settings)
    with torch.no_grad():
        head.projection.weight.copy_(torch.eye(K))
        head.projection.bias.zero_()
    return head


def losses_of(head, feats, labels):
    return {name: loss.item() for name, loss in head.loss(feats, None, labels).items()}


def test_features_on_their_own_anchors_cost_nothing(table_file):
    head = head_of(table_file)
    labels = torch.arange(K)
    assert losses_of(head, 3 * head.anchors, labels) == pytest.approx(dict(loss_pos=0, loss_neg=0), abs=1e-6)
    assert head(head.anchors).argmax(1).tolist() == labels.tolist()


def test_features_off_their_own_anchors_cost_their_distance(table_file):
    """Opposite: d = 2, and every other anchor is at 1, beyond its margin; orthogonal to all: d = 1."""
    head = head_of(table_file)
    labels = torch.arange(K)
    assert losses_of(head, -head.anchors, labels) == pytest.approx(dict(loss_pos=2, loss_neg=0), abs=1e-6)
    flat = AnchorMarginLoss()(torch.zeros(5, K), torch.arange(5))
    assert (flat['loss_pos'].item(), flat['loss_neg'].item()) == (1, 0)


def test_the_three_distances_are_averaged_before_the_hinge(monkeypatch):
    """d = 0, 0, 1.2: the mean .4 leaves .2 of the margin .6; hinges one by one would leave .4."""
    monkeypatch.setattr(module, 'draw_other_classes', lambda labels, *_: torch.tensor([[1, 1, 2]]))
    cosines = torch.tensor([[1.0, 1.0, -0.2]])
    assert AnchorMarginLoss()(cosines, torch.tensor([0]))['loss_neg'].item() == pytest.approx(0.2)


@pytest.mark.parametrize(
    'settings', [{}, dict(pos_margin=0.3, neg_margin=1.1, num_negatives=5, neg_weight=2)]
)
def test_the_loss_is_that_of_a_loop_over_the_drawn_negatives(settings):
    torch.manual_seed(1)
    cosines, labels = torch.rand(40, K) * 2 - 1, torch.randint(K, (40,))
    labels[::7] = 255
    loss = AnchorMarginLoss(**settings)
    torch.manual_seed(2)
    found = loss(cosines, labels)
    torch.manual_seed(2)
    kept = [row for row in range(40) if labels[row] != 255]
    drawn = module.draw_other_classes(labels[kept], K, loss.num_negatives).tolist()
    positive, negative = [], []
    for row, others in zip(kept, drawn):
        distance = [1 - float(cosines[row, k]) for k in range(K)]
        positive.append(max(distance[labels[row]] - loss.pos_margin, 0.0))
        mean = np.mean([distance[other] for other in others])
        negative.append(loss.neg_weight * max(loss.neg_margin - mean, 0.0))
    assert found['loss_pos'].item() == pytest.approx(np.mean(positive), rel=1e-5)
    assert found['loss_neg'].item() == pytest.approx(np.mean(negative), rel=1e-5)
    assert found['loss_neg'] > 0


def test_negatives_are_uniform_over_the_other_classes():
    """10^5 draws; chi-square of 199 classes below its mean plus five standard deviations."""
    torch.manual_seed(0)
    labels = torch.full((100_000,), 57)
    counts = module.draw_other_classes(labels, 200, 1)[:, 0].bincount(minlength=200).double()
    assert len(counts) == 200 and counts[57] == 0
    expected = 100_000 / 199
    statistic = float(((counts[torch.arange(200) != 57] - expected) ** 2 / expected).sum())
    assert abs(statistic - 198) < 5 * (2 * 198) ** 0.5
    labels = torch.arange(200).repeat(500)
    drawn = module.draw_other_classes(labels, 200, 3)
    assert not bool((drawn == labels[:, None]).any()) and drawn.min() == 0 and drawn.max() == 199
    assert len({tuple(sorted(row)) for row in drawn[labels == 9].tolist()}) > 450  # not one for all


def test_unlabelled_voxels_change_neither_value_nor_gradient(table_file):
    head = head_of(table_file, loss_decode=dict(type='AnchorMarginLoss', neg_margin=1.5))
    torch.manual_seed(0)
    feats, labels = torch.randn(20, K), torch.randint(K, (20,))
    found = []
    for pad in (0, 30):
        mine = torch.cat([feats, torch.randn(pad, K)]).requires_grad_()
        torch.manual_seed(3)
        losses = head.loss(mine, None, torch.cat([labels, torch.full((pad,), 255)]))
        sum(losses.values()).backward()
        assert not bool(mine.grad[20:].any())
        found.append((losses['loss_pos'].item(), losses['loss_neg'].item(), mine.grad[:20]))
    assert found[0][:2] == found[1][:2] and found[0][1] > 0
    torch.testing.assert_close(found[0][2], found[1][2], rtol=0, atol=0)


def test_a_batch_without_labels_costs_nothing_and_reaches_every_weight(table_file):
    head = head_of(table_file)
    losses = head.loss(torch.randn(4, K), None, torch.full((4,), 255))
    assert set(losses) == {'loss_pos', 'loss_neg'} and sum(losses.values()) == 0
    sum(losses.values()).backward()
    assert all(weight.grad is not None and not bool(weight.grad.any()) for weight in head.parameters())


def test_anchors_are_frozen_and_travel_with_the_checkpoint(table_file):
    head = head_of(table_file)
    sum(head.loss(torch.randn(9, K), None, torch.randint(K, (9,))).values()).backward()
    assert head.anchors.grad is None
    assert {name for name, _ in head.named_parameters()} == {'projection.weight', 'projection.bias'}
    assert 'anchors' in head.state_dict()


def test_the_control_keeps_how_many_there_are_of_each_label():
    cosines = torch.rand(200, K, dtype=torch.float64) * 2 - 1
    labels = torch.randint(K, (200,))
    cosines[torch.arange(200), labels] = 1.0
    torch.manual_seed(0)
    own, shuffled = AnchorMarginLoss()(cosines, labels), AnchorMarginLoss(shuffle=True)(cosines, labels)
    assert own['loss_pos'] < 1e-6 and 0.6 < shuffled['loss_pos'] < 1.1
    one_class = torch.zeros(200, dtype=torch.int64)
    torch.testing.assert_close(
        AnchorMarginLoss(shuffle=True)(cosines, one_class)['loss_pos'],
        AnchorMarginLoss()(cosines, one_class)['loss_pos'],
    )


def test_all_names_of_scannet200_are_anchors():
    head = MODELS.build(
        dict(
            type='TextAnchorHead',
            in_channels=6,
            text_table='scannet200_all-minilm-l6-v2.npz',
            class_names='ScanNet200',
        )
    )
    assert head.num_classes == 200 and head(torch.randn(3, 6)).shape == (3, 200)
    torch.testing.assert_close(head.anchors.norm(dim=1), torch.ones(200))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(class_names=['wall']), 'class_names must hold at least two names, got 1'),
        (dict(class_names=['wall', 'bed']), r"must be in the text table of random, got \['bed'\]"),
        (dict(class_names='Matterport'), 'class_names of TextAnchorHead must be a list or one of'),
        (dict(class_names=['wall', 'sofa'], ignore_index=1), 'ignore_index must not be a class below 2'),
    ],
)
def test_wrong_heads_are_refused(table_file, settings, message):
    with pytest.raises(ValueError, match=message):
        TextAnchorHead(6, table_file, **settings)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(pos_margin=-0.1), r'pos_margin must be a distance in \[0, 2\], got -0.1'),
        (dict(neg_margin=2.5), r'neg_margin must be a distance in \[0, 2\], got 2.5'),
        (dict(num_negatives=0), 'num_negatives must be at least 1, got 0'),
        (dict(neg_weight=float('nan')), 'neg_weight must be at least 0, got nan'),
    ],
)
def test_wrong_margins_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        AnchorMarginLoss(**settings)


def test_labels_beyond_the_names_are_refused(table_file):
    with pytest.raises(ValueError, match=r'labels must be 0 .. 7 or ignore_index 255, got \[8\]'):
        head_of(table_file).loss(torch.randn(2, K), None, torch.tensor([1, 8]))
