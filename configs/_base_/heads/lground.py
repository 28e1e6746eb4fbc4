# LGround (arXiv 2204.07761): features drawn to the texts of the class names; a config adds backbone, decoder,
# their width, the table and the names. Margins, negatives and weight: release, config/config.py
# (contrast_pos_thresh, contrast_neg_thresh, num_negative_samples, contrast_neg_weight).
_base_ = ['./voxel-seg.py']

model = dict(
    decode_head=dict(
        type='TextAnchorHead',
        loss_decode=dict(
            type='AnchorMarginLoss', pos_margin=0.0, neg_margin=0.6, num_negatives=3, neg_weight=1.0
        ),
    ),
)
custom_hooks = [dict(type='ExportHook')]
