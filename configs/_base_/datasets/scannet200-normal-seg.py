# ScanNet200: the scans and the recipe of ScanNet, 200 classes, xyz, rgb and normals.
# Neither Swin3D's authors nor Pointcept publish a recipe for it; the classes are those of arXiv 2204.07761.
_base_ = ['./scannet-normal-seg.py']

dataset_type = 'ScanNet200WholeSceneDataset'
train_dataloader = dict(dataset=dict(dataset=dict(type=dataset_type)))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = dict(dataset=dict(type=dataset_type))
