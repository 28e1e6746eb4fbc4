"""An exported image network under the detectors of mmdet3d and mmdet, by their own configs."""

from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import MODELS as DETECTORS
from mmdet3d.registry import MODELS
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.engine.hooks import ExportHook

TARGETS = {
    'ImVoxelNet': 'mmdet3d::imvoxelnet/imvoxelnet_2xb4_sunrgbd-3d-10class.py',
    'FCOSMono3D': 'mmdet3d::fcos3d/fcos3d_r101-caffe-dcn_fpn_head-gn_8xb2-1x_nus-mono3d.py',
    'FasterRCNN': 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py',
}


@pytest.fixture(scope='module')
def trained():
    """A method whose image network is a ResNet-50 with norms that have seen something."""
    torch.manual_seed(0)
    backbone = dict(type='mmdet.ResNet', depth=50, style='pytorch')
    model = MODELS.build(
        dict(
            type='Pri3D',
            data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.1),
            image=dict(type='ImageEncoder', backbone=backbone, out_indices=(0, 1, 2, 3)),
            pixel_head=dict(type='PixelProjection', in_channels=[256, 512, 1024, 2048], out_channels=4),
            view_matcher=dict(type='SharedVoxelPixels'),
            criterion=dict(type='InfoNCE'),
        )
    )
    model.train()
    model.image(torch.rand(2, 3, 32, 32) * 255)
    return model.eval()


@pytest.fixture(scope='module')
def file(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp('export')
    ExportHook().after_train(
        SimpleNamespace(model=trained, work_dir=folder, logger=MMLogger.get_instance('export'))
    )
    return folder / 'image.pth'


def detector(target, checkpoint, **changes):
    """The stock detector whose backbone starts from the file, with its weights."""
    name = TARGETS[target]
    config = get_config(name).model
    start = dict(type='StrictPretrained', checkpoint=str(checkpoint), prefix='image.backbone.')
    config.backbone.update(init_cfg=start, **changes)
    with DefaultScope.overwrite_default_scope(name.partition(':')[0]):
        model = (MODELS if name.startswith('mmdet3d') else DETECTORS).build(config)
        model.backbone.init_weights()
    return model


CHANGES = {
    'ImVoxelNet': dict(),
    'FCOSMono3D': dict(depth=50, style='pytorch', dcn=None, stage_with_dcn=(False,) * 4),
    'FasterRCNN': dict(),
}


@pytest.mark.parametrize('target', TARGETS)
def test_the_backbone_of_a_stock_detector_gives_the_maps_of_the_exported_network(target, trained, file):
    model = detector(target, file, **CHANGES[target]).eval()
    assert type(model).__name__ == target
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        own, expected = model.backbone(images), trained.image.backbone(images)
        assert len(own) == 4 and all(torch.equal(one, other) for one, other in zip(own, expected))
        channels = [level.shape[1] for level in model.neck(own)]
    assert channels == [256] * len(channels)


def test_a_backbone_of_the_other_style_or_depth_is_refused(file):
    start = dict(type='StrictPretrained', checkpoint=str(file), prefix='image.backbone.')
    caffe = MODELS.build(dict(type='mmdet.ResNet', depth=50, style='caffe', init_cfg=start))
    message = r"style of ResNet must be 'pytorch', that of image\.backbone\.\* of .*image\.pth, got 'caffe'"
    with pytest.raises(ValueError, match=message):
        caffe.init_weights()
    other = MODELS.build(dict(type='mmdet.ResNet', depth=18, style='pytorch', init_cfg=start))
    with pytest.raises(ValueError, match=r'is a checkpoint of another model than this ResNet'):
        other.init_weights()


def test_the_style_stands_in_the_file_and_one_without_it_loads_as_before(trained, file, tmp_path):
    content = torch.load(file, weights_only=True)
    assert content['meta'] == dict(method='Pri3D', parts=['image'], styles={'image.backbone': 'pytorch'})
    del content['meta']['styles']
    torch.save(content, tmp_path / 'image.pth')
    start = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'image.pth'), prefix='image.backbone.')
    backbone = MODELS.build(dict(type='mmdet.ResNet', depth=50, style='caffe', init_cfg=start))
    backbone.init_weights()
    weight = trained.image.backbone.conv1.weight
    assert torch.equal(backbone.conv1.weight, weight)
