# Few labels: SR-UNet34 on the first scenes of ScanNet train, from any student
_base_ = ['./sparse-unet34_scannet-seg_from-student.py']

train_dataloader = dict(dataset=dict(dataset=dict(indices=_base_.scenes)))
