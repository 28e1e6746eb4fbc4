# MD, mixing and disentangling (arXiv 2109.00452). Its decoder has three residual blocks; widths are ours. A
# config adds the student, its width and the columns of a hint: three and the student's input features.
model = dict(
    type='MD',
    data_preprocessor=dict(type='ViewPreprocessor'),
    mixer=dict(type='MixedHalves', num_hints=1024),
    decoder=dict(type='InstanceAdaptiveDecoder', channels=64, num_blocks=3),
)
