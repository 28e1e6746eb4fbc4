# ScanObjectNN OBJ-ONLY (cfgs/fine-tuning/scan_obj.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['./token-transformer_scanobjectnn-pb-cls.py']

model = dict(backbone=dict(local_radii=[0.32, 0.64, 1.28]))
train_dataloader = dict(dataset=dict(layout='scanobjectnn-obj-only'))
val_dataloader = dict(dataset=dict(layout='scanobjectnn-obj-only'))
test_dataloader = val_dataloader
