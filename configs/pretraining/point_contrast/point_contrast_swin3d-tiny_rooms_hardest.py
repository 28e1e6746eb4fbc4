# PointContrast on generated rooms with the hardest-contrastive loss, which has to know all pairs
_base_ = ['./point_contrast_swin3d-tiny_rooms.py']

model = dict(
    matcher=dict(num_neighbors=12, max_pairs=100000),
    criterion=dict(
        _delete_=True,
        type='HardestContrast',
        positive_margin=0.1,
        negative_margin=1.4,
        max_positives=2048,  # 1024 and 256 for each of two samples
        num_candidates=512,
    ),
)
