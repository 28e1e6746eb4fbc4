# MvDeCor's fine-tuning (arXiv 2208.08580): 0.001 of the correspondences beside the labels, temperature 0.07,
# 4,000 pairs
_base_ = ['./pixel-seg.py']

segmentor = _base_.model
model = dict(
    _delete_=True,
    type='WithObjectives',
    model=segmentor,
    objectives=[
        dict(
            type='ViewCorrespondence',
            matcher=dict(type='SharedVoxelPixels', max_pairs=4000),
            criterion=dict(type='InfoNCE', temperature=0.07, symmetric=True, loss_weight=0.001),
        )
    ],
)
