import math

import pytest
import torch
from mmdet3d.registry import MODELS
from tiny_pretraining import random_batch, tiny_ppkt, tiny_student

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.methods import PPKT


def build(**changes):
    return MODELS.build(tiny_ppkt(**changes)).train()


def losses_of(model, batch=None):
    data = model.data_preprocessor(batch or random_batch(), training=True)
    return model(**data, mode='loss')


def test_constant_features_give_ln_of_the_number_of_pairs():
    model = build()
    for head in (model.point_head, model.pixel_head):
        for weight in head.parameters():
            torch.nn.init.constant_(weight, 0.0 if weight.ndim > 1 else 1.0)
    losses = losses_of(model)
    pairs = losses['pairs_per_frame'].item() * 4
    assert losses['loss_ppkt'].item() == pytest.approx(math.log(round(pairs)), abs=1e-5)
    assert losses['point_spread'].item() == pytest.approx(0, abs=1e-4)


def test_pairs_join_each_voxel_with_a_pixel_of_its_own_sample():
    model, batch = build(), random_batch()
    view = model.data_preprocessor(batch, training=True)['inputs']['views'][0]
    raw = batch['inputs']['views'][0]['per_match']
    sample_of_voxel = view.voxels.coords[:, 0].long()
    for image, pixel, voxel in zip(view.matches.image, view.matches.pixel, view.matches.voxel):
        sample = int(image) // 2
        assert sample_of_voxel[voxel] == sample
        rows = (raw['image'][sample] == int(image) % 2) & (raw['pixel'][sample] == pixel).all(1)
        voxels = view.point2voxel[sample][raw['point'][sample][rows]]
        assert int(voxel) in voxels.tolist()


@pytest.mark.parametrize('count', [0, 1])
def test_fewer_than_two_pairs_give_a_loss_of_0_with_gradients_of_0(count):
    model = build()
    batch = random_batch(num_samples=1, num_matches=count)
    losses = losses_of(model, batch)
    losses['loss_ppkt'].backward()
    assert losses['loss_ppkt'].item() == 0 and losses['pairs_per_frame'].item() == count / 2
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert all(bool((weight.grad == 0).all()) for weight in trained)


def test_frames_that_no_pair_shows_are_told_as_a_share_of_all():
    batch = random_batch(num_samples=2, num_images=3)
    for number, image in enumerate(batch['inputs']['views'][0]['per_match']['image']):
        image.fill_(0 if number else 2)
    assert losses_of(build(), batch)['frames_without_pairs'].item() == pytest.approx(4 / 6)
    assert losses_of(build())['frames_without_pairs'].item() == 0


def test_two_pairs_are_compared():
    batch = random_batch(num_samples=1, num_matches=2)
    assert losses_of(build(), batch)['loss_ppkt'].item() > 0


def test_encoder_without_decoder_is_a_student_too():
    student = tiny_student()
    losses = losses_of(build(student=dict(backbone=student['backbone'], neck=None)))
    assert bool(losses['loss_ppkt'].isfinite())


def test_images_of_different_sizes_are_refused():
    batch = random_batch()
    images = batch['inputs']['views'][0]['per_image']['images']
    images[1] = images[1][..., :-1]
    with pytest.raises(ValueError, match='images of a batch must have one shape'):
        losses_of(build(), batch)


def test_prediction_is_refused():
    with pytest.raises(ValueError, match="mode must be 'loss' or 'tensor', got 'predict'"):
        build()(dict(views=[]), mode='predict')


def test_method_reads_its_parts_from_the_config():
    model = build(criterion=dict(type='InfoNCE', temperature=0.3))
    assert model.criterion.temperature == 0.3 and isinstance(model, PPKT)
