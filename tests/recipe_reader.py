"""The numbers of a built config under the names that `recipe_numbers` uses for them."""

import inspect
import math

from mmdet3d.registry import MODELS
from recipe_files import documented_devices

from swin3d_mmdet3d.datasets.wrapped_settings import innermost_dataset

WITHOUT_NUMBERS = {
    'CenterShift',
    'EstimateNormals',
    'LoadAnnotations3D',
    'LoadNormals',
    'LoadSceneAnnotations',
    'MapSemanticLabels',
    'NormalizeColorSigned',
    'Pack3DDetInputs',
    'PackPretrainInputs',
    'SetCondition',
    'ShiftToOrigin',
}
STEPS = {
    'BackProjectFrames': dict(depth='max_depth'),
    'BoxKeepingCrop': dict(crop='max_points'),
    'ChromaticAutoContrast': dict(contrast='prob'),
    'ChromaticJitter': dict(colour_jitter=('prob', 'std')),
    'ChromaticTranslation': dict(colour_shift=('prob', 'ratio')),
    'CropFrames': dict(frame_crop=('size', 'min_kept')),
    'ElasticDistortion': dict(elastic=('scales', 'prob')),
    'FlipFrames': dict(frame_flip='prob'),
    'GlobalAlignment': dict(aligned_about='rotation_axis'),
    'GlobalRotScaleTrans': dict(turn='rot_range', scale='scale_ratio_range', shift='translation_std'),
    'LoadColoredPoints': dict(max_color='max_color'),
    'LoadRGBDFrames': dict(frames=('num_frames', 'max_depth')),
    'MatchVisiblePixels': dict(tolerance='tolerance'),
    'Mix3D': dict(mix='prob'),
    'NearestCrop': dict(crop='max_points', crop_part='keep_ratio'),
    'PointSample': dict(sample='num_points'),
    'RandomDropColor': dict(colour_drop='prob'),
    'RandomFlip3D': dict(flip=('flip_ratio_bev_horizontal', 'flip_ratio_bev_vertical')),
    'RandomJitterPoints': dict(jitter='jitter_std', jitter_clip='clip_range'),
    'RandomPointDropout': dict(dropout=('drop_ratio', 'prob')),
    'RandomPointPerVoxel': dict(voxel='voxel_size'),
    'ResizeFrames': dict(frame_size=('size', 'ratio_range')),
}
NOT_NUMBERS = {'type', 'sync_2d', 'pre_transform', 'keys', 'meta_keys'}
NO_SETTINGS = {'type', 'init_cfg', 'class_names', 'text_table'}


def plain(value):
    """Tuples for lists, plain dicts for config dicts."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value


def flat(settings, prefix):
    """Nested settings as one dict whose keys have dots."""
    found = {}
    for key, value in settings.items():
        if key == 'init_cfg':
            continue
        if isinstance(value, dict):
            found.update(flat(value, f'{prefix}.{key}'))
        else:
            found[f'{prefix}.{key}'] = plain(value)
    return found


def pipeline_numbers(pipeline):
    """Numbers of the steps of a pipeline, and 'order', the names of the steps that have any.

    A step or an argument without a name here is an error: nothing goes unwatched.
    """
    unordered = {*WITHOUT_NUMBERS, 'LoadColoredPoints'}
    found = {'order': tuple(step['type'] for step in pipeline if step['type'] not in unordered)}
    for step in pipeline:
        kind, given = step['type'], {key for key in step if key not in NOT_NUMBERS}
        names = STEPS.get(kind, {})
        if kind == 'RandomAxisRotation':
            names = {f'turn_{step["axis"]}': ('angle_range', 'prob')}
            given.remove('axis')
        elif kind in WITHOUT_NUMBERS:
            given = set()
        for name, arguments in names.items():
            arguments = (arguments,) if isinstance(arguments, str) else arguments
            values = tuple(plain(step.get(argument)) for argument in arguments)
            if any(value is not None for value in values):
                found[name] = found.get(name, ()) + (values if len(values) == 1 else (values,))
            given -= set(arguments)
        assert not given, f'{kind} has arguments that no test watches: {sorted(given)}'
        if kind == 'Mix3D':
            ahead = pipeline[: [other['type'] for other in pipeline].index('Mix3D')]
            assert plain(step['pre_transform']) == plain([s for s in ahead if s['type'] != 'SetCondition'])
    order = found.pop('order')
    return {'order': order, **{key: value[0] if len(value) == 1 else value for key, value in found.items()}}


def training_sets(loader):
    """The training data's sets, each with the repeats of the wrappers around it."""
    found, repeats, settings = [], 1, loader['dataset']
    while settings['type'] in ('RepeatDataset', 'PresentClassBalancedDataset'):
        repeats *= settings.get('times', 1)
        settings = settings['dataset']
    for child in settings.get('datasets', [settings]):
        times = repeats * child.get('times', 1)
        found.append((times, innermost_dataset(child)))
    return found


def data_numbers(config, recipe_name):
    loader = config.train_dataloader
    sets = training_sets(loader)
    found = {
        'data.devices': documented_devices(recipe_name),
        'data.batch': joined(
            [documented_devices(recipe_name) * loader.batch_size, config.auto_scale_lr.base_batch_size]
        ),
        'data.trained_on': info_files(settings for _, settings in sets),
        'data.repeats': joined([times for times, _ in sets]),
        'data.empty_scenes_left_out': joined([settings.get('filter_empty_gt') for _, settings in sets]),
        'data.scenes': joined([settings.get('indices') for _, settings in sets]),
        'data.ratios': plain(loader.get('batch_sampler', {}).get('ratios')),
        'data.balanced': loader.dataset.type == 'PresentClassBalancedDataset' or None,
    }
    pipelines = [pipeline_numbers(plain(settings['pipeline'])) for _, settings in sets]
    for key in {key for numbers in pipelines for key in numbers}:
        found[f'training.{key}'] = joined([numbers.get(key) for numbers in pipelines])
    if 'test_dataloader' in config:
        validated, tested = map(innermost_dataset, (config.val_dataloader, config.test_dataloader))
        found['data.validated_on'] = info_files(validated.get('datasets', [validated]))
        found['data.tested_on'] = info_files(tested.get('datasets', [tested]))
        pipelines = [pipeline_numbers(plain(s['pipeline'])) for s in tested.get('datasets', [tested])]
        for key in {key for numbers in pipelines for key in numbers} - {'order'}:
            found[f'test.{key}'] = joined([numbers.get(key) for numbers in pipelines])
    if 'tta_pipeline' in config:
        (augmentation,) = [step for step in config.tta_pipeline if step.type == 'TestTimeAug']
        votes = augmentation.transforms[0]
        for vote in votes:
            (angle, other), scales = vote['rot_range'], vote['scale_ratio_range']
            assert angle == other and scales == [1.0, 1.0]
        found['test.votes'] = tuple(round(math.degrees(vote['rot_range'][0]), 6) for vote in votes)
    return found


def info_files(sets):
    """The info files of data sets, one after the other."""
    files = [settings.get('ann_file') or () for settings in sets]
    return tuple(name for names in files for name in ([names] if isinstance(names, str) else names)) or None


def joined(values):
    """A number that all share, else one for each."""
    return values[0] if all(value == values[0] for value in values) else tuple(values)


def schedule(settings, rate):
    """A schedule as (kind, from, to, unit, value): value is its first or last rate, or its factors."""
    begin, length = settings.get('begin', 0), settings.get('T_max')
    end = settings.get('end', begin + length if length else None)
    assert length is None or end == begin + length
    unit = 'epochs' if settings.get('by_epoch', True) else 'iterations'
    value = {
        'LinearLR': lambda: settings['start_factor'] * rate,
        'CosineAnnealingLR': lambda: settings.get('eta_min', settings.get('eta_min_ratio', 0) * rate),
        'CosineAnnealingMomentum': lambda: settings['eta_min'],
        'MultiStepLR': lambda: (plain(settings['milestones']), settings['gamma']),
        'PolyLR': lambda: (settings['power'], settings['eta_min']),
    }[settings['type']]()
    return settings['type'].replace('Annealing', ''), begin, end, unit, value


def optimiser_numbers(config):
    wrapper = config.optim_wrapper
    rate = wrapper.optimizer.lr
    groups = wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
    length = ('max_epochs', 'epochs') if 'max_epochs' in config.train_cfg else ('max_iters', 'iterations')
    found = {f'optimiser.{key}': plain(value) for key, value in wrapper.optimizer.items()}
    found.update({f'optimiser.{key}': plain(value) for key, value in wrapper.get('clip_grad', {}).items()})
    found.update({f'optimiser.rate_of_{key.strip(".")}': value.lr_mult for key, value in groups.items()})
    found['optimiser.loss_scale'] = wrapper.get('loss_scale')
    found['optimiser.schedule'] = tuple(schedule(one, rate) for one in config.param_scheduler)
    found['optimiser.length'] = (config.train_cfg[length[0]], length[1])
    found['optimiser.tested_every'] = config.train_cfg.get('val_interval')
    found['optimiser.seed'] = config.randomness.seed
    for hook in config.get('custom_hooks', []):
        if hook['type'] in ('SemanticThresholdHook', 'FreezeHook'):
            found.update(flat({key: value for key, value in hook.items() if key != 'type'}, hook['type']))
    return found


def model_numbers(model):
    """Numbers of every part of a model, and the defaults of those that its config leaves to the classes."""
    stated, defaults = {}, {}
    parameters = inspect.signature(MODELS.get(model['type']).__init__).parameters.values()
    defaults.update({f'model.{p.name}': plain(p.default) for p in parameters if p.default is not p.empty})
    for part, settings in model.items():
        if part == 'model':
            inner = model_numbers(settings)
            stated.update(inner[0])
            defaults.update(inner[1])
        elif isinstance(settings, dict):
            stated.update(flat({key: v for key, v in settings.items() if key not in NO_SETTINGS}, part))
            if 'type' in settings:
                parameters = inspect.signature(MODELS.get(settings['type']).__init__).parameters.values()
                given = [parameter for parameter in parameters if parameter.default is not parameter.empty]
                defaults.update({f'{part}.{parameter.name}': plain(parameter.default) for parameter in given})
        elif part != 'type':
            stated[f'model.{part}'] = plain(settings)
    return stated, defaults


def read_numbers(config, recipe_name):
    """All numbers that a config states, and the defaults of the model's parts, by their names."""
    stated, defaults = model_numbers(config.model)
    stated.update(optimiser_numbers(config))
    stated.update(data_numbers(config, recipe_name))
    return {key: value for key, value in stated.items() if value is not None}, defaults
