# ScanObjectNN OBJ-BG (cfgs/fine-tuning/scan_obj-bg.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['./token-transformer_scanobjectnn-pb-cls.py']

model = dict(backbone=dict(local_radii=[0.32, 0.64, 1.28]))
train_dataloader = dict(dataset=dict(layout='scanobjectnn-obj-bg'))
val_dataloader = dict(dataset=dict(layout='scanobjectnn-obj-bg'))
test_dataloader = val_dataloader
