import torch
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.image_networks import ImageEncoder
from swin3d_mmdet3d.pretraining.teachers import FrozenImageTeacher

TINY = dict(type='TinyImageBackbone')


def images(*shape):
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 255).byte()


def test_weights_and_statistics_are_trained():
    encoder = ImageEncoder(TINY, out_indices=(0, 1)).train()
    before = encoder.backbone.norm.running_mean.clone()
    sum(feature_map.square().mean() for feature_map in encoder(images(2, 3, 16, 24))).backward()
    assert all(float(weight.grad.abs().max()) > 0 for weight in encoder.parameters())
    assert not torch.equal(encoder.backbone.norm.running_mean, before)
    holder = torch.nn.ModuleDict(dict(image=encoder))
    assert {'image.backbone.first.weight', 'image.backbone.norm.running_mean'} <= set(holder.state_dict())


def test_maps_and_names_are_those_of_the_frozen_teacher():
    options = dict(out_indices=(1, 0), mean=[10.0, 20, 30], std=[2.0, 3, 4], channel_order='bgr')
    trained, frozen = ImageEncoder(TINY, **options).eval(), FrozenImageTeacher(TINY, **options)
    assert list(trained.state_dict()) == list(frozen.state_dict())
    frozen.load_state_dict(trained.state_dict())
    for own, other in zip(trained(images(2, 3, 16, 24)), frozen(images(2, 3, 16, 24))):
        assert torch.equal(own, other)
        assert own.requires_grad and not other.requires_grad


def test_maps_are_those_of_the_neck_where_there_is_one():
    backbone = dict(type='mmdet.ResNet', depth=18, base_channels=8, out_indices=(1, 2, 3))
    neck = dict(type='mmdet.FPN', in_channels=[16, 32, 64], out_channels=12, num_outs=3)
    encoder = ImageEncoder(backbone, neck, out_indices=(0, 2)).eval()
    batch = images(1, 3, 64, 96)
    normalized = (batch.float() - encoder.mean) / encoder.std
    pyramid = encoder.neck(encoder.backbone(normalized))
    for own, index in zip(encoder(batch), (0, 2)):
        assert torch.equal(own, pyramid[index])


def test_images_of_floats_and_of_bytes_give_one_map():
    encoder = ImageEncoder(TINY).eval()
    batch = images(1, 3, 16, 16)
    assert torch.equal(encoder(batch)[0], encoder(batch.float())[0])
    assert torch.equal(encoder(batch)[0], encoder(batch.double())[0])
