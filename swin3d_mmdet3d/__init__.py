"""Swin3D and the pretraining methods of its field for MMDetection3D; importing this registers everything."""

from .dependency_versions import check_dependency_versions

check_dependency_versions()

# imported after the check of versions
from . import apis, checkpoints, datasets, engine, evaluation, models, pretraining  # noqa: E402
from .apis.config_prefix import register_config_prefix  # noqa: E402
from .root_registries import register_in_roots  # noqa: E402
from .version import __version__  # noqa: E402

register_in_roots()
register_config_prefix()

__all__ = [
    '__version__',
    'apis',
    'checkpoints',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'pretraining',
]
