# CAGroup3D on the U-Net of a Swin3D down to 4 cm, on ScanNet; a config adds backbone and decoder
_base_ = ['../datasets/scannet-det.py', '../heads/cagroup3d.py', '../schedules/cagroup3d_50e.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
auto_scale_lr = dict(base_batch_size=12)  # on 4 GPUs
train_dataloader = dict(
    batch_size=3,  # a device; the original does not say how many
    dataset=dict(times=4, dataset=dict(pipeline={{_base_.train_pipeline_50k}})),
)
