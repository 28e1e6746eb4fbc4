# ScanNet200 with LGround's augmentation and objects of its rare classes put into every scan, as
# scannet200-pasted-seg.py
_base_ = ['./scannet200-elastic-seg.py']

bank = 'data/scannet/instances'
load_raw_ids, map_ids = _base_.load_points[:2], _base_.load_points[2]
paste = dict(type='InstancePaste', bank=bank, num_instances=5, max_tries=50)
train_pipeline = [*load_raw_ids, paste, map_ids, *_base_.augment_points]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
