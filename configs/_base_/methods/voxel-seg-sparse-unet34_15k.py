# SR-UNet34 from any student by 15,000 iterations: PointContrast's and PPKT's fine-tuning (arXiv 2104.04687,
# section 4.2)
_base_ = [
    '../heads/voxel-seg-sparse-unet34.py',
    '../schedules/sgd-poly_15k.py',
    '../runtime/default.py',
]

default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
