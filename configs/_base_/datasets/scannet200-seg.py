# ScanNet200: the scans and the recipe of ScanNet, 200 classes, xyz, rgb.
# Neither Swin3D's authors nor Pointcept publish a recipe for it; the classes are those of arXiv 2204.07761.
_base_ = ['./scannet-seg.py']

dataset_type = 'ScanNet200WholeSceneDataset'
train_dataloader = dict(dataset=dict(dataset=dict(type=dataset_type)))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = dict(dataset=dict(type=dataset_type))

# with objects of rare classes (LGround, arXiv 2204.07761; release, config/config.py: num_instances_to_add,
# max_instance_placing_iterations)
bank = 'data/scannet/instances'
paste = dict(type='InstancePaste', bank=bank, num_instances=5, max_tries=50)
load_and_paste = [*_base_.load_points[:2], paste, *_base_.load_points[2:]]
