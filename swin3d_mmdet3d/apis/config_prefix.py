"""Configs of this package as bases of others, such as `swin3d_mmdet3d::swin3d/swin3d-tiny_rooms-seg.py`."""

from __future__ import annotations

from mmengine.config import Config

from .config_files import PREFIX, find_config

_stock_path = Config._get_cfg_path


def config_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
    """The path of a base, and the registry scope of its variables; as mmengine's but for this package's.

    mmengine knows the prefixes of a closed list of packages, and finds their configs where they are
    installed. Classes of this package are registered in mmdet3d's scope: its configs need none of their own.

    Raises:
        ValueError: When this package has no such config; names that resemble it are told.
    """
    if cfg_path.startswith(PREFIX):
        return str(find_config(cfg_path)), None
    return _stock_path(cfg_path, filename)


def register_config_prefix() -> None:
    """Let every config that is read from now on name those of this package as bases."""
    Config._get_cfg_path = staticmethod(config_path)
