# SPNet beside TR3D on a sparse ResNet34 on ScanNet: model.pth loads into tr3d_resnet34_scannet-det.py
_base_ = ['../../tr3d/tr3d_resnet34_scannet-det.py']

detector = _base_.model
passing = dict(
    type='SPNet',
    twin=detector,
    num_classes=18,
    levels=['encoder.0', 'encoder.1', 'encoder.2'],
    in_channels=_base_.resnet34_levels.channels[:3],
)
model = dict(_delete_=True, type='WithObjectives', model=detector, objectives=[passing])
custom_hooks = [*_base_.custom_hooks, dict(type='ExportHook')]
