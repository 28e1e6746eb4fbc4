# I2P-MAE on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-frames.py',
    '../../_base_/heads/i2p-mae-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]
