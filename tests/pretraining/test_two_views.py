"""Two views of a cloud: their matches, and PointContrast over them."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate
from tiny_pretraining import tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import MakeViews, PackPretrainInputs, SourceCoords
from swin3d_mmdet3d.pretraining.matchers import RadiusMatcher
from swin3d_mmdet3d.pretraining.matchers.shuffled_rows import shuffled_rows
from swin3d_mmdet3d.structures import Levels
from swin3d_mmdet3d.structures.normal_points import NormalPoints

TURN = dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1])
THIN = dict(type='GridSample', voxel_size=0.2)
CROP = dict(type='SphereCrop', max_points=120)
CRITERIA = ['InfoNCE', 'HardestContrast']


def two_views(samples=2):
    packed = []
    for _ in range(samples):
        cloud = torch.rand(600, 6) * torch.tensor([2.0, 2, 1, 2, 2, 2]) - torch.tensor([0.0, 0, 0, 1, 1, 1])
        results = SourceCoords().transform(dict(points=NormalPoints.from_columns(cloud)))
        results = MakeViews([[TURN, THIN, CROP], [TURN, THIN]]).transform(results)
        packed.append(PackPretrainInputs().transform(results))
    return pseudo_collate(packed)


def views_of(batch):
    preprocessor = MODELS.build(dict(type='ViewPreprocessor', voxel_size=0.2))
    return preprocessor(batch, training=True)['inputs']['views']


def test_voxels_match_the_nearest_of_the_same_sample_by_their_place_before_augmentation():
    first, second = views_of(two_views())
    places = [view.at_voxels('source_xyz') for view in (first, second)]
    sample = [view.voxels.coords[:, 0].long() for view in (first, second)]
    distance = torch.cdist(places[0].double(), places[1].double())
    distance[sample[0][:, None] != sample[1][None]] = torch.inf
    nearest, index = distance.min(dim=1)
    rows, others = RadiusMatcher(radius=0.1)(first, second)
    order = rows.argsort()
    torch.testing.assert_close(rows[order], (nearest <= 0.1).nonzero().flatten())
    torch.testing.assert_close(others[order], index[rows[order]])
    assert 20 < len(rows) < len(places[0])


def test_voxels_of_any_level_match_by_places_that_are_given_and_those_without_a_place_nothing():
    first, second = (view.voxels.downsample(3)[0] for view in views_of(two_views()))
    places = [torch.rand(len(voxels), 3, dtype=torch.float64) for voxels in (first, second)]
    places[0][::5] = torch.nan
    places[1][::7] = torch.inf
    distance = torch.cdist(*(place.nan_to_num(99, 99) for place in places))
    distance[first.coords[:, :1] != second.coords[None, :, 0]] = torch.inf
    distance[~places[0].isfinite().all(dim=1)] = torch.inf
    distance[:, ~places[1].isfinite().all(dim=1)] = torch.inf
    nearest, index = distance.min(dim=1)
    rows, others = RadiusMatcher(radius=0.3).match(places[0].float(), first, places[1].float(), second)
    order = rows.argsort()
    assert torch.equal(rows[order], (nearest <= 0.3).nonzero().flatten())
    assert torch.equal(others[order], index[rows[order]]) and 5 < len(rows) < len(first)


def test_points_that_another_scene_brought_in_match_nothing():
    batch = two_views(3)
    foreign = batch['inputs']['views'][1]['per_point']['source_xyz']
    foreign[0][::2] = torch.nan  # half of a sample, and all of another
    foreign[2][:] = torch.nan
    first, second = views_of(batch)
    rows, others = RadiusMatcher(radius=0.3)(first, second)
    places = [view.at_voxels('source_xyz') for view in (first, second)]
    sample = [view.voxels.coords[:, 0].long() for view in (first, second)]
    assert bool((sample[0][rows] == sample[1][others]).all())
    assert set(sample[0][rows].tolist()) == {0, 1}
    distance = torch.cdist(places[0].double(), places[1].double()).nan_to_num(torch.inf)
    distance[sample[0][:, None] != sample[1][None]] = torch.inf
    assert torch.equal(rows.sort().values, (distance.amin(dim=1) <= 0.3).nonzero().flatten())
    torch.testing.assert_close(distance[rows, others], distance[rows].amin(dim=1))


def test_pairs_are_limited_and_bad_arguments_are_named():
    first, second = views_of(two_views())
    for count in (2, 7):
        assert len(RadiusMatcher(radius=0.3, max_pairs=count)(first, second)[0]) == count
    with pytest.raises(ValueError, match='radius must be a positive'):
        RadiusMatcher(radius=0)
    with pytest.raises(ValueError, match='max_pairs must be at least 2'):
        RadiusMatcher(radius=1, max_pairs=1)
    batch = two_views()
    for view in batch['inputs']['views']:
        del view['per_point']['source_xyz']
    with pytest.raises(
        ValueError, match=r"per_point fields of a view must have 'source_xyz', got \['point_ids'\]"
    ):
        RadiusMatcher(radius=1)(*views_of(batch))


def contrast(**changes):
    parts = dict(
        head=dict(type='ProjectionHead', in_channels=16, out_channels=8, num_layers=2),
        matcher=dict(type='RadiusMatcher', radius=0.3),
        criterion=dict(type='InfoNCE', temperature=0.07),
    )
    preprocessor = dict(type='ViewPreprocessor', voxel_size=0.2)
    cfg = dict(type='PointContrast', data_preprocessor=preprocessor, **tiny_student(), **{**parts, **changes})
    return MODELS.build(cfg).train()


@pytest.mark.parametrize(('criterion', 'count'), [*((name, 0) for name in CRITERIA), ('InfoNCE', 1)])
def test_crops_without_two_places_to_tell_apart_give_a_loss_of_0_that_reaches_every_weight(criterion, count):
    model, batch = contrast(criterion=dict(type=criterion)), two_views()
    for sample, origin in enumerate(batch['inputs']['views'][1]['per_point']['source_xyz']):
        origin += 100  # elsewhere in the recording
        if sample < count:
            origin[0] = batch['inputs']['views'][0]['per_point']['source_xyz'][sample][0]
    data = model.data_preprocessor(batch, training=True)
    assert len(RadiusMatcher(radius=1e-3)(*data['inputs']['views'])[0]) == count
    model.matcher.radius = 1e-3
    loss = model(**data, mode='loss')['loss_contrast']
    loss.backward()
    assert loss.item() == 0
    assert all(bool((weight.grad == 0).all()) for weight in model.parameters())


@pytest.mark.parametrize('criterion', CRITERIA)
def test_it_learns(criterion):
    torch.manual_seed(0)
    model = contrast(criterion=dict(type=criterion))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch, history = two_views(), []
    for _ in range(20):
        loss = model(**model.data_preprocessor(batch, training=True), mode='loss')['loss_contrast']
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    assert sum(history[-3:]) < 0.8 * sum(history[:3])


@pytest.mark.parametrize('temperature', [0.07, 0.4])
def test_identical_views_give_the_closed_form_of_their_gram_matrix(temperature, monkeypatch):
    model = contrast(criterion=dict(type='InfoNCE', temperature=temperature))
    model.matcher.radius, model.head = 1e-3, torch.nn.Identity()
    view = views_of(two_views())[0]
    place = view.at_voxels('source_xyz')
    monkeypatch.setattr(model, 'encode', lambda view: Levels(((place, view.voxels),)))
    losses = model.loss([view, view], None)
    unit = torch.nn.functional.normalize(place.double(), dim=1)
    gram = unit @ unit.t() / temperature
    expected = (gram.logsumexp(dim=1) - gram.diagonal()).mean()
    assert losses['loss_contrast'].item() == pytest.approx(expected.item(), abs=1e-5)
    assert losses['pairs_per_sample'].item() == len(place) / 2


def test_the_loss_is_that_of_the_heads_features_at_the_pairs():
    model = contrast(criterion=dict(type='HardestContrast')).eval()
    views = views_of(two_views())
    torch.manual_seed(5)
    loss = model.loss(views, None)['loss_contrast']
    torch.manual_seed(5)
    pairs = model.matcher(*views)
    first, second = (model.head(model.encode(view).finest[0]) for view in views)
    torch.testing.assert_close(loss, model.criterion(first, second, pairs))


def all_distances(first, second):
    """Distances ``(N, M)`` float64 of the voxels' places, infinite between samples."""
    places = [view.at_voxels('source_xyz').double() for view in (first, second)]
    sample = [view.voxels.coords[:, 0] for view in (first, second)]
    return torch.cdist(*places).masked_fill(sample[0][:, None] != sample[1][None], torch.inf)


def test_enough_neighbours_are_all_pairs_within_the_radius_once():
    batch = two_views(3)
    for view in batch['inputs']['views']:  # a sample of fewer voxels than neighbours
        view['points'][1] = view['points'][1][:6]
        view['per_point'] = {
            name: [part[:6] if number == 1 else part for number, part in enumerate(rows)]
            for name, rows in view['per_point'].items()
        }
    first, second = views_of(batch)
    rows, others = RadiusMatcher(radius=0.35, max_pairs=10**6, num_neighbors=40)(first, second)
    wanted = (all_distances(first, second) <= 0.35).nonzero()
    found = torch.stack([rows, others], dim=1)
    assert found.tolist() != wanted.tolist() and sorted(found.tolist()) == wanted.tolist()


def test_fewer_neighbours_are_the_nearest():
    first, second = views_of(two_views())
    rows, others = RadiusMatcher(radius=0.5, max_pairs=10**6, num_neighbors=3)(first, second)
    nearest, index = all_distances(first, second).sort(dim=1)
    wanted = {
        (row, int(index[row, rank]))
        for row in range(len(index))
        for rank in range(3)
        if nearest[row, rank] <= 0.5
    }
    assert set(zip(rows.tolist(), others.tolist())) == wanted
    with pytest.raises(ValueError, match='num_neighbors must be at least 1, got 0'):
        RadiusMatcher(radius=1, num_neighbors=0)


def test_shuffled_pairs_keep_every_row_as_often_and_no_partner():
    first, second = views_of(two_views())
    settings = dict(radius=0.3, num_neighbors=2)
    torch.manual_seed(1)
    rows, others = RadiusMatcher(**settings)(first, second)
    torch.manual_seed(1)
    same_rows, exchanged = RadiusMatcher(**settings, shuffle=True)(first, second)
    assert torch.equal(rows, same_rows) and len(rows) > 100
    assert set(exchanged.tolist()) == set(others.tolist()) and not bool((exchanged == others).any())
    renamed = dict(zip(others.tolist(), exchanged.tolist()))
    assert [renamed[other] for other in others.tolist()] == exchanged.tolist()
    assert len(set(renamed.values())) == len(renamed)


@pytest.mark.parametrize(('rows', 'possible'), [([], [[]]), ([5, 5], [[5, 5]]), ([3, 8, 3], [[8, 3, 8]])])
def test_the_fewest_rows_are_shuffled_too(rows, possible):
    assert shuffled_rows(torch.tensor(rows, dtype=torch.int64)).tolist() in possible


def test_each_row_takes_the_place_of_any_other_as_often():
    counts = torch.zeros(4, 4)
    for _ in range(1200):
        counts[torch.arange(4), shuffled_rows(torch.arange(4))] += 1
    others = counts[~torch.eye(4, dtype=torch.bool)]
    assert bool((counts.diagonal() == 0).all()) and ((others - 400).abs() < 80).all()
