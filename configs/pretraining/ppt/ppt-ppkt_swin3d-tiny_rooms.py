# Point prompts for an objective without labels: PPKT on two generated domains, minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-duo-frames.py',
    '../../_base_/heads/ppkt-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    _delete_=True,
    type='PPT',
    conditions=['ScanNet', 'S3DIS'],
    norms='both',
    model=dict(
        type='PPKT',
        data_preprocessor={{_base_.model.data_preprocessor}},
        backbone={{_base_.model.backbone}},
        neck={{_base_.model.neck}},
        teacher={{_base_.model.teacher}},
        point_head={{_base_.model.point_head}},
        pixel_head={{_base_.model.pixel_head}},
        matcher={{_base_.model.matcher}},
        criterion={{_base_.model.criterion}},
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
custom_hooks = [dict(type='ConditionLossHook'), dict(type='ExportHook')]
