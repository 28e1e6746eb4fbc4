# SPNet beside TR3D on a sparse ResNet34 on S3DIS: model.pth loads into tr3d_resnet34_s3dis-det.py
_base_ = ['../../tr3d/tr3d_resnet34_s3dis-det.py', '../../_base_/heads/spnet.py']

passing = dict(
    _base_.passing,
    twin=_base_.model,
    num_classes=5,
    in_channels=_base_.resnet34_levels.channels[:3],
)
model = dict(_delete_=True, type='WithObjectives', model=_base_.model, objectives=[passing])
custom_hooks = [*_base_.custom_hooks, dict(type='ExportHook')]
