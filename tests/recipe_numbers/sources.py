"""Numbers and where they are from."""

# colours, in the order of Minkowski networks (arXiv 1904.08755)
CHROMATIC = ('ChromaticAutoContrast', 'ChromaticTranslation', 'ChromaticJitter')


def taken(source, **sections):
    """Numbers from one source: section.name -> (value, source)."""
    return {
        f'{section}.{name}': (value, source)
        for section, numbers in sections.items()
        for name, value in numbers.items()
    }


def ours(reason, **sections):
    return taken(f'ours: {reason}', **sections)


def split(source, trained, validated, tested=None):
    """Info files of a benchmark's own split; it is tested on its validation scenes by default."""
    given = dict(trained_on=trained, validated_on=validated, tested_on=tested or validated)
    files = {key: (names,) if isinstance(names, str) else tuple(names) for key, names in given.items()}
    return taken(source, data=files)


def trained_on(benchmark):
    """The scenes that a split trains on, without those of its tests."""
    return {'data.trained_on': benchmark['data.trained_on']}


S3DIS_SPLIT = split(
    'S3DIS: area 5 is held out',
    [f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
    's3dis_infos_Area_5.pkl',
)
SCANNET_SPLIT = split('ScanNet: 1201 and 312 scans', 'scannet_infos_train.pkl', 'scannet_infos_val.pkl')
STRUCTURED3D_SPLIT = split(
    'Uni3DScenes: scenes below 3000, below 3250, and the rest',
    'structured3d_infos_train.pkl',
    'structured3d_infos_val.pkl',
    'structured3d_infos_test.pkl',
)
SUNRGBD_SPLIT = split('SUN RGB-D: 5285 and 5050 views', 'sunrgbd_infos_train.pkl', 'sunrgbd_infos_val.pkl')
TRIO_SPLIT = split(
    'those of the three, S3DIS without area 5',
    ['structured3d_infos_train.pkl', 'scannet_infos_train.pkl', *S3DIS_SPLIT['data.trained_on'][0]],
    ['structured3d_infos_val.pkl', 'scannet_infos_val.pkl', 's3dis_infos_Area_5.pkl'],
)
