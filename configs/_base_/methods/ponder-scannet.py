# Ponder on ScanNet; the volume has cells of 10 cm, over 9.6 x 9.6 x 3.2 m. A config adds the student and its
# schedule.
_base_ = ['../datasets/scannet-rays.py', '../heads/ponder.py', '../runtime/pretraining.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), volume=dict(cell=5, shape=(96, 96, 32)))
