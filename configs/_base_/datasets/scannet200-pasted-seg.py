# ScanNet200 with objects of its rare classes put into every scan (LGround, arXiv 2204.07761; release,
# config/config.py: num_instances_to_add, max_instance_placing_iterations), out of a bank that
# `make_instance_bank swin3d-small_scannet200-seg --out data/scannet/instances` cuts out of the training scans
_base_ = ['./scannet200-seg.py']

train_pipeline = [*_base_.load_and_paste, *_base_.augment_points]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
