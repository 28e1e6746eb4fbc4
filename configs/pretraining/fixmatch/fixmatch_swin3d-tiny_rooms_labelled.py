# What FixMatch on generated rooms is compared with: the labelled rooms alone, in batches as large
_base_ = ['./fixmatch_swin3d-tiny_rooms.py']

train_dataloader = dict(batch_sampler=dict(counts=[3, 0]))
