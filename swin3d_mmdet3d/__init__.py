"""Swin3D and the pretraining methods of its field for MMDetection3D; importing this registers everything.

`python -m swin3d_mmdet3d.tools.NAME --help` registers nothing: torch and mmdet3d take seconds to import.
"""

from .help_only import HELP_ONLY
from .tool_start import exit_at_interrupt, is_tool_start
from .version import __version__

if is_tool_start():
    exit_at_interrupt()

if not HELP_ONLY:
    from .dependency_versions import check_dependency_versions

    check_dependency_versions()

    # imported after the check of versions
    from . import apis, checkpoints, datasets, engine, evaluation, models, pretraining, synthetic_objects
    from .apis.config_prefix import register_config_prefix
    from .root_registries import register_in_roots

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
    'synthetic_objects',
]
