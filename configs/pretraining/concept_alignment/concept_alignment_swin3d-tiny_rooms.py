# Concept alignment on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-frames.py',
    '../../_base_/heads/concept-alignment-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]
