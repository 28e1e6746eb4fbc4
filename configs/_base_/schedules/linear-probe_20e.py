# 20 epochs for one linear layer, without warm-up
_base_ = ['./adamw-cosine_100e.py']

param_scheduler = [dict(_base_.param_scheduler[1], T_max=20)]
train_cfg = dict(max_epochs=20, val_interval=20)
