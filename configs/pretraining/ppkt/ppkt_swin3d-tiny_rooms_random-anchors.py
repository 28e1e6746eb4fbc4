# PPKT on generated rooms with crops around any point, also where no frame shows one
_base_ = ['./ppkt_swin3d-tiny_rooms.py']

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(step, anchor='random') if step['type'] == 'SphereCrop' else step
            for step in _base_.train_pipeline
        ]
    )
)
