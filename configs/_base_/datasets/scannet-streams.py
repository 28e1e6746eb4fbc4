# Scans of ScanNet and the frames of their streams, as prepare_rgbd_frames writes them, for pretraining
_base_ = ['./endless-samples.py', './scannet-scans.py']

train_dataloader = dict(num_workers=8)
