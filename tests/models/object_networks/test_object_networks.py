"""Classifier and part segmentor of objects: losses against closed forms, votes, allowed parts, learning."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS
from mmdet3d.structures import Det3DDataSample, PointData
from tiny_objects import TINY_TRANSFORMER

TINY = dict(TINY_TRANSFORMER, num_tokens=(16, 8, 4))
PARTS = {'Cap': (0, 1), 'Mug': (2, 3, 4)}


def classifier(**options):
    torch.manual_seed(0)
    settings = dict(type='ObjectClassifier', backbone=TINY, num_classes=3, hidden_channels=8, dropout=0.0)
    return MODELS.build(dict(settings, **options))


def segmentor():
    torch.manual_seed(0)
    widths = dict(level_channels=(12, 8), category_channels=4, head_channels=(8, 8), dropout=0.0)
    return MODELS.build(dict(type='ObjectPartSegmentor', backbone=TINY, parts=PARTS, **widths))


def objects(count=6, points=40, seed=0):
    """Clouds of three shapes: a line, a plane, a ball; with two parts each."""
    generator = torch.Generator().manual_seed(seed)
    clouds, samples = [], []
    for number in range(count):
        label = number % 3
        xyz = torch.randn(points, 3, generator=generator)
        xyz[:, label + 1 :] *= 0.02
        sample = Det3DDataSample()
        sample.gt_label = torch.tensor([label])
        sample.gt_pts_seg = PointData(pts_semantic_mask=(xyz[:, 0] > 0).long())
        clouds.append(xyz)
        samples.append(sample)
    return dict(inputs=dict(points=clouds), data_samples=samples)


def learn(model, batch, steps=40):
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        data = model.data_preprocessor(batch, True)
        loss = sum(model(**data, mode='loss').values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item()


@pytest.mark.parametrize('smoothing', [0.0, 0.2])
def test_loss_is_the_cross_entropy_whose_other_classes_share_the_smoothing(smoothing):
    model = classifier(label_smoothing=smoothing).eval()
    data = model.data_preprocessor(objects())
    logits = model(**data).detach().double().log_softmax(1)
    wanted = 0.0
    for row, sample in zip(logits, data['data_samples']):
        label = int(sample.gt_label)
        wanted -= sum((1 - smoothing if k == label else smoothing / 2) * float(row[k]) for k in range(3)) / 6
    assert float(model(**data, mode='loss')['loss_cls'].detach()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize('pooling', ['concat', 'sum'])
def test_a_classifier_learns_shapes_and_predicts_them_alone_and_by_votes(pooling):
    model = classifier(pooling=pooling, test_cfg=dict(num_points=30, scale_range=(0.9, 1.1), shift=0.0))
    batch = objects(12)
    assert learn(model, batch) < 0.6  # of ln 3 = 1.1 for a guess
    # with the statistics of the batch: running ones lag behind so short a training
    for votes in (0, 4):
        model.test_cfg['votes'] = votes
        data = model.data_preprocessor(objects(30, seed=5))
        found = model(**data, mode='predict')
        # other objects, of which a guess finds 10 with a standard deviation of 2.6
        assert [int(s.pred_label) == int(s.gt_label) for s in found].count(True) > 18


def test_votes_without_any_change_of_the_points_are_the_plain_logits():
    model = classifier().eval()
    points = model.data_preprocessor(objects())['inputs']['points']
    model.test_cfg.update(votes=2, num_points=40, scale_range=(1.0, 1.0), shift=0.0)
    calls = []
    plain = model.logits
    model.logits = lambda cloud: calls.append(cloud) or plain(cloud[:, :1].expand_as(cloud) * 0 + points)
    torch.testing.assert_close(model._voted_logits(points), plain(points))
    assert len(calls) == 2
    for cloud in calls:  # the same points in another order
        torch.testing.assert_close(cloud.sum(1), points.sum(1), atol=1e-4, rtol=1e-4)


def test_parts_of_another_category_are_never_predicted_and_the_loss_starts_near_that_of_a_guess():
    model = segmentor().eval()
    batch = objects(4)
    for number, sample in enumerate(batch['data_samples']):
        sample.gt_label = torch.tensor([number % 2])
    data = model.data_preprocessor(batch)
    assert float(model(**data, mode='loss')['loss_parts']) == pytest.approx(math.log(5), abs=0.6)
    for number, sample in enumerate(model(**data, mode='predict')):
        found = set(sample.pred_pts_seg.pts_semantic_mask.tolist())
        assert found <= set(list(PARTS.values())[number % 2])


def test_a_segmentor_learns_parts():
    model = segmentor()
    batch = objects(6)
    for sample in batch['data_samples']:
        sample.gt_label = torch.tensor([0])
    learn(model, batch, steps=50)
    data = model.data_preprocessor(batch)
    right = [
        (s.pred_pts_seg.pts_semantic_mask == s.gt_pts_seg.pts_semantic_mask).float().mean().item()
        for s in model.train()(**data, mode='predict')
    ]
    assert sum(right) / len(right) > 0.85


@pytest.mark.parametrize('build, classes', [(classifier, 3), (segmentor, 2)])
@pytest.mark.parametrize('label', [-100, -1, 3])
def test_an_object_whose_label_is_no_class_is_named(build, classes, label):
    """-100 is what PyTorch's cross entropy leaves out without a word."""
    model, batch = build(), objects()
    for number, sample in enumerate(batch['data_samples']):
        sample.gt_label = torch.tensor([number % 2])
        sample.set_metainfo(dict(lidar_path=f'{number}.bin'))
    batch['data_samples'][4].gt_label = torch.tensor([label])
    with pytest.raises(ValueError, match=rf'4.bin: gt_label must be 0 .. {classes - 1}, got \[{label}\]'):
        model.train()(**model.data_preprocessor(batch, True), mode='loss')


@pytest.mark.parametrize('label', [-100, -1, 5])
def test_an_object_with_a_part_that_is_none_is_named(label):
    model, batch = segmentor(), objects()
    for number, sample in enumerate(batch['data_samples']):
        sample.gt_label = torch.tensor([number % 2])
        sample.set_metainfo(dict(lidar_path=f'{number}.bin'))
    batch['data_samples'][2].gt_pts_seg.pts_semantic_mask[7] = label
    with pytest.raises(ValueError, match=rf'2.bin: pts_semantic_mask must be 0 .. 4, got \[{label}\]'):
        model.train()(**model.data_preprocessor(batch, True), mode='loss')


def test_objects_of_different_size_and_points_that_are_no_numbers_are_named():
    model = classifier()
    batch = objects(2)
    batch['inputs']['points'][1] = batch['inputs']['points'][1][:5]
    with pytest.raises(ValueError, match='PointSample'):
        model.data_preprocessor(batch)
    batch = objects(2)
    batch['inputs']['points'][1][3, 1] = torch.nan
    with pytest.raises(ValueError, match='points must be finite'):
        model.data_preprocessor(batch)
    with pytest.raises(ValueError, match="pooling must be 'concat' or 'sum'"):
        classifier(pooling='mean')
