import copy

import pytest
import torch
from mmdet3d.registry import MODELS
from swin3d_ops.voxel_index import parent_voxels
from tiny_pretraining import random_batch, tiny_student
from torch import nn

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.image_networks import sample_pixels

VOXEL, STRIDE = 0.2, 3
EDGE = VOXEL * STRIDE


def tiny_i2p_mae(**changes):
    parts = dict(
        backbone=dict(tiny_student()['backbone'], drop_path_rate=0.0),
        teacher=dict(type='FrozenImageTeacher', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1)),
        masker=dict(type='SalientCells'),
        decoder=dict(type='MaskedCellDecoder', in_channels=[16, 32], channels=16, num_heads=2, window_size=3),
        cell_stride=STRIDE,
        point_head=dict(type='FoldingHead', in_channels=16, hidden_channels=8),
        feature_head=dict(type='ProjectionHead', in_channels=16, out_channels=20),
    )
    preprocessor = dict(type='ViewPreprocessor', voxel_size=VOXEL)
    return dict(dict(type='I2PMAE', data_preprocessor=preprocessor, **parts), **changes)


def build(**changes):
    torch.manual_seed(0)
    model = MODELS.build(tiny_i2p_mae(**changes))
    model.init_weights()
    return model.train()


def inputs_of(model, batch):
    return model.data_preprocessor(copy.deepcopy(batch), training=True)


def losses_of(model, batch=None, seed=1):
    data = inputs_of(model, batch or random_batch())
    torch.manual_seed(seed)
    return model(**data, mode='loss')


class Recorder:
    """What a module is given and gives."""

    def __init__(self, module):
        module.register_forward_hook(self)

    def __call__(self, module, given, gives):
        self.given, self.gives = given, gives


class Answer(nn.Module):
    """Gives the same answer to every question."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, *_):
        return self.answer


def chamfer_by_loops(points, truth):
    there = torch.stack([(truth - point).square().sum(1).min().sqrt() for point in points])
    back = torch.stack([(points - point).square().sum(1).min().sqrt() for point in truth])
    return (there.mean() + back.mean()) / 2


def test_points_of_hidden_cells_are_compared_with_their_voxels_in_metres():
    model = build()
    head, masker = Recorder(model.point_head), Recorder(model.masker)
    losses = losses_of(model)
    view = inputs_of(model, random_batch())['inputs']['views'][0]
    coords, cell = parent_voxels(view.voxels.coords, STRIDE)
    hidden = ~masker.gives
    cells, offsets = coords[hidden].double(), head.gives.detach().double()
    expected, at_centers = [], []
    for sample in range(2):
        own = cells[:, 0] == sample
        centers = cells[own, 1:] * VOXEL + EDGE / 2
        points = (centers[:, None] + offsets[own] * EDGE).flatten(0, 1)
        rows = hidden[cell] & (view.voxels.coords[:, 0] == sample)
        first = view.representative[rows] - sample * len(view.points[0])
        truth = view.points[sample][first, :3].double() - view.origin[sample].double()
        expected.append(chamfer_by_loops(points, truth))
        at_centers.append(chamfer_by_loops(centers, truth))
    assert losses['loss_points'].item() == pytest.approx(float(sum(expected) / 2), rel=1e-4)
    assert losses['points_at_centers'].item() == pytest.approx(float(sum(at_centers) / 2), rel=1e-4)


def test_what_the_teacher_sees_of_a_cell_are_means_over_the_pixels_that_show_it():
    model = build()
    view = inputs_of(model, random_batch(num_matches=40))['inputs']['views'][0]
    coords, cell_of_voxel = parent_voxels(view.voxels.coords, STRIDE)
    cells, pixels = view.voxels.at(coords, STRIDE), view.matches
    targets, saliency, shown = model.look(view, pixels, cell_of_voxel, cells)
    size, maps = view.images.shape[-2:], model.teacher(view.images)
    feats = torch.cat([sample_pixels(one, pixels, size) for one in maps], dim=1).double()
    norm = maps[1].square().mean(1, keepdim=True).sqrt()
    energy = sample_pixels(norm / norm.sum((2, 3), keepdim=True), pixels, size).double()
    means = {}
    for number in range(len(cells)):
        rows = [row for row, voxel in enumerate(pixels.voxel.tolist()) if cell_of_voxel[voxel] == number]
        if rows:
            means[number] = feats[rows].mean(0), energy[rows].mean()
    assert shown.nonzero().flatten().tolist() == sorted(means) and 0 < len(means) < len(cells)
    expected = torch.stack([means[number][0] for number in sorted(means)])
    torch.testing.assert_close(targets[shown].double(), expected, atol=1e-5, rtol=1e-4)
    for number in range(len(cells)):
        peers = [n for n in means if cells.coords[n, 0] == cells.coords[number, 0]]
        of_sample = sum(means[n][1] for n in peers) / len(peers)
        value = means[number][1] if number in means else of_sample
        assert saliency[number].item() == pytest.approx(value.item(), rel=1e-4)


def one_point_a_cell():
    """A batch in which every cell holds one point, and pixels show all of them."""
    batch = random_batch(num_matches=0, num_points=12)
    view = batch['inputs']['views'][0]
    for sample in range(2):
        place = torch.stack([torch.arange(12) % 3, torch.arange(12) // 3, torch.zeros(12)], dim=1)
        view['points'][sample][:, :3] = (place + 0.3) * EDGE
        view['points'][sample][0, :3] = 0
        view['per_match']['point'][sample] = torch.arange(12)
        view['per_match']['image'][sample] = torch.arange(12) % 2
        view['per_match']['pixel'][sample] = torch.rand(12, 2) * 15
    return batch


def test_perfect_predictions_have_no_loss():
    model, batch = build(), one_point_a_cell()
    view = inputs_of(model, batch)['inputs']['views'][0]
    coords, cell_of_voxel = parent_voxels(view.voxels.coords, STRIDE)
    cells = view.voxels.at(coords, STRIDE)
    assert len(cells) == len(view.voxels) == 24
    targets, _, shown = model.look(view, view.matches, cell_of_voxel, cells)
    visible = torch.arange(24) % 3 == 0
    centers = coords[:, 1:] + STRIDE / 2
    place = torch.zeros(24, 3).index_copy(0, cell_of_voxel, view.voxels.signals['xyz'])
    offsets = ((place - centers) / STRIDE)[~visible][:, None].expand(-1, 4, -1)
    model.masker, model.point_head = Answer(visible), Answer(offsets)
    of_visible = targets[visible].double()
    answer = (of_visible - of_visible.mean(0)) / of_visible.std(0, unbiased=False)
    model.feature_head = Answer(answer.float())
    losses = losses_of(model, batch)
    assert bool(shown.all()) and losses['points_at_centers'] > 0.1
    assert losses['loss_points'].item() == pytest.approx(0, abs=1e-6)
    assert losses['loss_features'].item() == pytest.approx(0, abs=1e-6)
    model.feature_head = Answer(torch.zeros(8, 20))  # knows nothing
    assert losses_of(model, batch)['loss_features'].item() == pytest.approx(1, abs=1e-5)


def with_other_hidden_points(batch, view, hidden):
    """The batch with other colours and places of the hidden voxels' points, and one point more in each."""
    batch = copy.deepcopy(batch)
    torch.manual_seed(5)
    for sample, points in enumerate(batch['inputs']['views'][0]['points']):
        voxel = view.point2voxel[sample]
        rows = hidden[voxel].nonzero().flatten()
        corner = view.voxels.coords[voxel[rows], 1:] * VOXEL + view.origin[sample]
        for changed in (points[rows], points[rows].clone()):
            changed[:, :3] = corner + (0.1 + 0.8 * torch.rand(len(rows), 3)) * VOXEL
            changed[:, 3:] = torch.rand(len(rows), 3) * 2 - 1
            points = torch.cat([points, changed])
        kept = torch.ones(len(points), dtype=torch.bool)
        kept[rows] = False
        batch['inputs']['views'][0]['points'][sample] = points[kept]
        match = batch['inputs']['views'][0]['per_match']
        for name in match:
            match[name][sample] = match[name][sample][:0]
    return batch


@pytest.mark.parametrize('stem_transformer', [True, False])
def test_nothing_of_a_hidden_cell_changes_a_bit_of_what_the_networks_give(stem_transformer):
    backbone = dict(tiny_i2p_mae()['backbone'], stem_transformer=stem_transformer)
    model, batch = build(backbone=backbone), random_batch(num_matches=0)
    recorders = [Recorder(part) for part in (model.masker, model.backbone, model.decoder, model.point_head)]
    losses_of(model, batch)
    masker, *networks = recorders
    before = [recorder.gives for recorder in networks]
    view = inputs_of(model, batch)['inputs']['views'][0]
    _, cell = parent_voxels(view.voxels.coords, STRIDE)
    hidden = ~masker.gives[cell]
    assert 20 < int(hidden.sum()) < len(hidden) - 20
    model.masker = Answer(masker.gives)
    for changed, is_same in ((hidden, True), (~hidden, False)):
        other = with_other_hidden_points(batch, view, changed)
        after_view = inputs_of(model, other)['inputs']['views'][0]
        assert torch.equal(after_view.voxels.coords, view.voxels.coords)
        assert not torch.equal(after_view.feats, view.feats)
        losses_of(model, other)
        after = [recorder.gives for recorder in networks]
        levels = zip(before[0], after[0])
        same = [torch.equal(one[0], two[0]) for one, two in levels]
        same += [torch.equal(one, two) for one, two in zip(before[1:], after[1:])]
        assert same == [is_same] * len(same)


def test_gradient_reaches_all_that_is_trained_and_not_the_teacher():
    model = build()
    losses = losses_of(model)
    (losses['loss_points'] + losses['loss_features']).backward()
    trained = dict(model.named_parameters())
    frozen = {name for name in trained if name.startswith('teacher.')}
    assert frozen and all(trained[name].grad is None for name in frozen)
    assert not [name for name in trained.keys() - frozen if trained[name].grad is None]
    assert max(float(w.grad.abs().max()) for n, w in trained.items() if 'backbone.stem' in n) > 0


def test_two_copies_of_a_sample_have_the_losses_of_one():
    single = random_batch(num_samples=1)
    double = copy.deepcopy(single)
    view = double['inputs']['views'][0]
    for fields in (view, view['per_image'], view['per_match']):
        for name, rows in fields.items():
            if isinstance(rows, list):
                fields[name] = rows * 2
    losses = []
    for batch, copies in ((single, 1), (double, 2)):
        model = build()
        view = inputs_of(model, batch)['inputs']['views'][0]
        num_cells = len(parent_voxels(view.voxels.coords, STRIDE)[0]) // copies
        model.masker = Answer((torch.arange(num_cells) % 2 == 0).repeat(copies))
        model.matcher = nn.Identity()
        losses.append(losses_of(model, batch))
    one, two = losses
    for name in ('loss_points', 'loss_features', 'points_at_centers', 'pairs_per_frame'):
        assert two[name].item() == pytest.approx(one[name].item(), rel=1e-4), name


@pytest.mark.parametrize('case', ['no pixel', 'one point a sample'])
def test_batches_with_nothing_to_compare_have_losses_of_0_with_gradients_of_0(case):
    batch = random_batch(num_matches=0, num_points=1 if case == 'one point a sample' else 200)
    model = build()
    losses = losses_of(model, batch)
    assert losses['loss_features'].item() == 0 and losses['shown_cells'].item() == 0
    assert (losses['loss_points'].item() == 0) == (case == 'one point a sample')
    losses['loss_features'].backward()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert all(bool((weight.grad == 0).all()) for weight in trained)


def test_either_term_can_be_left_out():
    assert not any('features' in name for name in losses_of(build(feature_head=None)))
    assert not any('points' in name for name in losses_of(build(point_head=None)))


def test_features_of_hidden_cells_are_compared_where_asked():
    model = build(feature_at='hidden')
    masker, head = Recorder(model.masker), Recorder(model.feature_head)
    look, seen = model.look, []
    model.look = lambda *given: seen.append(look(*given)) or seen[0]
    losses = losses_of(model)
    targets, _, shown = seen[0]
    rows = shown & ~masker.gives
    wanted = (targets[rows] - targets[rows].mean(0)) / targets[rows].std(0, unbiased=False)
    expected = (head.gives - wanted).square().mean()
    assert losses['loss_features'].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(point_head=None, feature_head=None), 'point_head or feature_head must be given, got neither'),
        (dict(feature_at='all'), r"feature_at must be one of \('visible', 'hidden'\), got 'all'"),
    ],
)
def test_wrong_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_a_stride_that_the_encoder_lacks_is_named():
    with pytest.raises(ValueError, match=r"cell_stride must be one of the encoder's \[1, 3, 6\], got 4"):
        losses_of(build(cell_stride=4))


def test_half_precision_changes_the_losses_little():
    plain = losses_of(build())
    with torch.autocast('cpu', torch.bfloat16):
        half = losses_of(build())
    sum(half[name] for name in ('loss_points', 'loss_features')).backward()
    for name in ('loss_points', 'loss_features'):
        assert half[name].item() == pytest.approx(plain[name].item(), rel=0.05), name
