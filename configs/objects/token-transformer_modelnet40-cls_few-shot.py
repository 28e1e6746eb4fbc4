# Few shots of ModelNet40: WAYS classes, SHOTS objects of each, 20 of each to test on, the draw FOLD
# (datasets/generate_few_shot_data.py in github.com/ZrrSkywalker/I2P-MAE has 10 draws of 5 and 10 ways, 10 and
# 20 shots). The paper states no recipe for them: this one is that of all shots.
_base_ = ['./token-transformer_modelnet40-cls.py']

ways = int('{{$WAYS:5}}')
shots = int('{{$SHOTS:10}}')
fold = int('{{$FOLD:0}}')
draw = dict(type='FewShotObjectDataset', num_ways=ways, fold=fold)
model = dict(num_classes=ways)
train_dataloader = dict(dataset=dict(draw, num_shots=shots))
val_dataloader = dict(dataset=dict(draw, num_shots=20))
test_dataloader = val_dataloader
