"""The versions of the OpenMMLab packages, checked before anything is imported from them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

SUPPORTED = {
    'mmengine': ('0.10.0', '1.0.0'),
    'mmcv': ('2.1.0', '2.2.0'),
    'mmdet': ('3.3.0', '3.4.0'),
    'mmdet3d': ('1.4.0', '1.5.0'),
    'torch': ('2.1.0', '3.0.0'),
}
"""Package -> (first supported version, first that is not)."""


def check_dependency_versions() -> None:
    """Check every package of ``SUPPORTED``.

    Raises:
        ImportError: If a package is missing or its version is out of range.
    """
    for package, (low, high) in SUPPORTED.items():
        try:
            found = Version(version(package))
        except PackageNotFoundError as error:
            raise ImportError(
                f'swin3d_mmdet3d needs {package}>={low},<{high}, which is not installed; '
                'the README shows the set-up'
            ) from error
        if not Version(low) <= found < Version(high):
            raise ImportError(f'swin3d_mmdet3d needs {package}>={low},<{high}, found {found}')
