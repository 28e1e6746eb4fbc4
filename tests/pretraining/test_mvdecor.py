import math

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch
from torch.nn.functional import normalize

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.checkpoints import load_strictly

IMAGE = dict(type='ImageEncoder', backbone=dict(type='TinyImageBackbone'), out_indices=(0, 1))
HEAD = dict(type='PixelProjection', in_channels=[8, 12], out_channels=6)
MATCHER = dict(type='SharedVoxelPixels', max_pairs=50)
CRITERION = dict(type='InfoNCE', temperature=0.07, symmetric=True)


def build(**changes):
    preprocessor = dict(type='ViewPreprocessor', voxel_size=0.2)
    parts = dict(image=IMAGE, pixel_head=HEAD, matcher=MATCHER, criterion=CRITERION)
    torch.manual_seed(0)
    return MODELS.build(dict(type='MvDeCor', data_preprocessor=preprocessor, **{**parts, **changes})).train()


def losses_of(model, data):
    torch.manual_seed(0)
    return model(inputs=data['inputs'], mode='loss')


def test_loss_is_the_mean_of_both_directions_over_distinct_pairs():
    model = build()
    data = model.data_preprocessor(random_batch(num_matches=300), training=True)
    view = data['inputs']['views'][0]
    losses = losses_of(model, data)
    torch.manual_seed(0)
    pairs = model.matcher(view.matches)
    with torch.no_grad():
        maps = model.image(view.images)
        first, second = (normalize(model.pixel_head(maps, own, (16, 24)).double(), dim=1) for own in pairs)
    similarity = (first @ second.t() / 0.07).tolist()
    rows = range(len(similarity))
    expected = sum(
        math.log(sum(math.exp(similarity[i][j]) for j in rows)) / 2
        + math.log(sum(math.exp(similarity[j][i]) for j in rows)) / 2
        - similarity[i][i]
        for i in rows
    )
    assert len(rows) > 5 and len(pairs[0].voxel.unique()) == len(rows)
    assert losses['loss_views'].item() == pytest.approx(expected / len(rows), rel=1e-4)
    assert losses['pairs_per_sample'].item() == len(rows) / 2


@pytest.mark.parametrize('count', [0, 1])
def test_without_two_pairs_the_loss_is_0_with_gradients_of_0(count):
    model = build()
    data = model.data_preprocessor(random_batch(num_samples=1, num_matches=count), training=True)
    losses = losses_of(model, data)
    losses['loss_views'].backward()
    assert losses['loss_views'].item() == 0
    assert all(bool((weight.grad == 0).all()) for weight in model.parameters())


def test_the_file_starts_a_pixel_segmentor_and_there_is_no_student():
    model = build()
    files = model.export()
    assert set(files) == {'image.pth'}
    segmentor = plain()
    for part in ('image', 'pixel_head'):
        own = {k[len(part) + 1 :]: w for k, w in files['image.pth'].items() if k.startswith(f'{part}.')}
        load_strictly(getattr(segmentor, part), own, part)
    images = (torch.rand(1, 3, 16, 24) * 255).byte()
    for own, other in zip(segmentor.image.eval()(images), model.image.eval()(images)):
        assert torch.equal(own, other)


def plain():
    head = dict(type='VoxelSegHead', in_channels=6, num_classes=4)
    preprocessor = dict(type='VoxelPreprocessor', voxel_size=0.2)
    config = dict(type='PixelSegmentor', data_preprocessor=preprocessor, image=IMAGE, pixel_head=HEAD)
    return MODELS.build(dict(config, decode_head=head))


def test_beside_labels_it_is_the_same_contrast_of_the_segmentors_own_features():
    segmentor = plain().train()
    view = random_batch(num_matches=300)['inputs']['views'][0]
    inputs = segmentor.data_preprocessor(dict(inputs=view), training=True)['inputs']
    objective = MODELS.build(
        dict(type='ViewCorrespondence', matcher=MATCHER, criterion=dict(CRITERION, loss_weight=0.001))
    )
    levels = segmentor.encode(inputs)
    torch.manual_seed(0)
    loss = objective(levels, inputs, None)['loss_correspondence']
    method = build()
    load_strictly(method.image, segmentor.image.state_dict(), 'image')
    load_strictly(method.pixel_head, segmentor.pixel_head.state_dict(), 'pixel_head')
    expected = losses_of(method, dict(inputs=dict(views=[inputs['view']])))['loss_views']
    assert loss.item() == pytest.approx(0.001 * expected.item(), rel=1e-4)
    loss.backward()
    assert all(
        w.grad is not None for part in (segmentor.image, segmentor.pixel_head) for w in part.parameters()
    )
    assert not any(w.grad is not None for w in segmentor.decode_head.parameters())
