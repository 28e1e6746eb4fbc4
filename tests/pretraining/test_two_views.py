"""Two views of a cloud: their matches, and that a second method is a few lines over the shared parts."""

import pytest
import torch
from mmdet3d.registry import MODELS
from mmengine.dataset import pseudo_collate
from tiny_pretraining import tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.datasets.transforms import MakeViews, PackPretrainInputs, SourceCoords
from swin3d_mmdet3d.pretraining import BasePretrainer
from swin3d_mmdet3d.pretraining.heads import ProjectionHead
from swin3d_mmdet3d.pretraining.losses import InfoNCE
from swin3d_mmdet3d.pretraining.matchers import RadiusMatcher
from swin3d_mmdet3d.structures.normal_points import NormalPoints

TURN = dict(type='GlobalRotScaleTrans', rot_range=[-3, 3], scale_ratio_range=[0.9, 1.1])
THIN = dict(type='GridSample', voxel_size=0.2)
CROP = dict(type='SphereCrop', max_points=120)


class Contrast(BasePretrainer):
    """The points of two views that lay in one place get one feature (arXiv 2007.10985)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.matcher, self.criterion = RadiusMatcher(radius=0.3), InfoNCE(0.07)
        self.head = ProjectionHead(16, 8, num_layers=2)

    def loss(self, views, data_samples):
        (first, _), (second, _) = (self.encode(view).finest for view in views)
        rows, others = self.matcher(*views)
        return dict(loss_contrast=self.criterion(self.head(first[rows]), self.head(second[others])))


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


def contrast():
    return Contrast(data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.2), **tiny_student()).train()


@pytest.mark.parametrize('count', [0, 1])
def test_crops_that_share_at_most_one_place_give_a_loss_of_0_that_reaches_every_weight(count):
    model, batch = contrast(), two_views()
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


def test_another_method_over_the_shared_parts_learns():
    model = contrast()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch, history = two_views(), []
    for _ in range(20):
        loss = model(**model.data_preprocessor(batch, training=True), mode='loss')['loss_contrast']
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    assert sum(history[-3:]) < 0.8 * sum(history[:3])
