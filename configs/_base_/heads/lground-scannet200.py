# LGround's head for the names of ScanNet200
_base_ = ['./lground.py']

model = dict(
    decode_head=dict(text_table='scannet200_all-minilm-l6-v2.npz', class_names='ScanNet200'),
)
