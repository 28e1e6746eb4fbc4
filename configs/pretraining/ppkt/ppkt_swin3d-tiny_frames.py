# PPKT on any folder of posed frames (tools prepare_rgbd_frames), each frame a cloud
_base_ = [
    '../../_base_/datasets/any-frames.py',
    '../../_base_/heads/ppkt-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]
