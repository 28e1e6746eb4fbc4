"""This package's classes in mmengine's root registries, where every scope finds them."""

from __future__ import annotations

import logging

from mmdet3d import registry as mmdet3d_registries
from mmengine.logging import print_log
from mmengine.registry import Registry


def register_in_roots() -> None:
    """Enter in mmengine's registries what this package has entered in mmdet3d's.

    A name is looked up in the registry of the default scope and in those above it, and without a default
    scope mmengine's base classes build their parts from the root: neither way leads to a registry of mmdet3d
    unless its scope is the default. A name that the root gives to another class keeps it, with a warning;
    ``mmdet3d.<name>`` finds this package's one.
    """
    for registry in vars(mmdet3d_registries).values():
        if not isinstance(registry, Registry) or registry.parent is None:
            continue
        ours = {n: c for n, c in registry.module_dict.items() if c.__module__.split('.')[0] == __package__}
        for name, entry in ours.items():
            taken = registry.parent.module_dict.get(name)
            if taken is None:
                registry.parent.register_module(name=name, module=entry)
            elif taken is not entry:
                print_log(
                    f"{name} is {taken.__module__}.{name} in mmengine's registry of {registry.name}s; "
                    f"this package's is mmdet3d.{name}",
                    logger='current',
                    level=logging.WARNING,
                )
