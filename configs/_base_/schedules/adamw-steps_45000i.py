# MM-3DScene on ScanNet (release, segmentation/tool/pretrain.py and scannet_pretrain.yaml): AdamW 1e-3, weight
# decay 5e-4 (the yaml's 1e-4 is not read), a tenth after 60 and 80 % of 50 epochs of 6 x 1201 scans, 8 each
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=5e-4),
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=False, milestones=[27000, 36000], gamma=0.1)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=45000)
