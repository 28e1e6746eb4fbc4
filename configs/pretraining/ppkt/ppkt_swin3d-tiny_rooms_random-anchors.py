# PPKT on generated rooms with crops around any point, also where no frame shows one
_base_ = [
    '../../_base_/datasets/rooms-frames-random-anchors.py',
    '../../_base_/heads/ppkt-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]
