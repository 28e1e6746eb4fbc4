"""Optional packages: imported where they serve, and named with what installs them where they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType


def optional_package(name: str, extra: str, purpose: str) -> ModuleType:
    """Import a package of an extra of this one.

    Args:
        name: The package's module.
        extra: Name of the extra among `pyproject.toml`'s optional dependencies.
        purpose: What needs it, for the message, such as "reading LAS files".

    Raises:
        ValueError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f'{purpose} needs {name}: pip install swin3d_mmdet3d[{extra}]') from error
