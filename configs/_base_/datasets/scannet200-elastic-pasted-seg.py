# ScanNet200 with LGround's augmentation and objects of its rare classes put into every scan, as
# scannet200-pasted-seg.py
_base_ = ['./scannet200-elastic-seg.py']

train_pipeline = [*_base_.load_and_paste, *_base_.augment_points]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
