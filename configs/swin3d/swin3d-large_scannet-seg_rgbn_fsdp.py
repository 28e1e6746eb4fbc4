# The recipe of Swin3D-L on ScanNet with normals, its weights and the states of AdamW sharded over three GPUs,
# which hold one scene each
_base_ = [
    '../_base_/datasets/scannet-normal-seg.py',
    '../_base_/heads/voxel-seg-swin3d-large-normal.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/runtime/default.py',
    '../_base_/runtime/sharded.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=20))
train_dataloader = dict(batch_size=1)
