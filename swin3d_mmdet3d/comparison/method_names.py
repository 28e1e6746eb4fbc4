"""What methods and their arms are called: on the command line, in files of results and in tables.

A method's recipe is ``<method>_swin3d-tiny_rooms.py``; its arms are the further leaves
``<method>_swin3d-tiny_rooms_<arm>.py`` of the same folder, such as ``shuffled``, the control whose
correspondences are destroyed. Results of a method are kept under its name, those of an arm under the name
of its leaf.
"""

from __future__ import annotations

from pathlib import Path

from ..apis import find_config
from .protocol import Protocol

RECIPE = '_swin3d-tiny_rooms'
SHUFFLED = 'shuffled'
"""The arm that is trained on shuffled correspondences."""


def results_name(method: str) -> str:
    """The name under which results are kept: of a file of arms that of its folder.

    Args:
        method: Name of a method or of a baseline, a config, or a file ``arms.py``.
    """
    path = Path(method)
    if path.name == 'arms.py':
        return f'{path.resolve().parent.name}-arms'
    return path.name.removesuffix('.py').removesuffix(RECIPE)


def method_and_arm(name: str) -> tuple[str, str]:
    """The method and the arm, '' for the method itself, of a name under which results are kept."""
    method, _, arm = name.partition(f'{RECIPE}_')
    return method, arm


def arm_name(method: str, arm: str) -> str:
    """The name under which the results of a method's arm are kept."""
    return f'{method}{RECIPE}_{arm}'


def displayed(name: str) -> str:
    """The name in tables: ``method (arm)``."""
    method, arm = method_and_arm(name)
    return f'{method} ({arm})' if arm else method


def recipe_of(method: str, protocol: Protocol) -> str:
    """The config that pretrains a method: its own, where the method is named by a config."""
    return method if method.endswith('.py') else protocol.recipes['pretraining'].format(method)


def arms_of(method: str, protocol: Protocol) -> list[str]:
    """The recipes of a method's arms, in the order of their names.

    Args:
        method: Name of a method, or its config.
        protocol: Names the recipe of each method.

    Raises:
        ValueError: If the method has no recipe.
    """
    recipe = find_config(recipe_of(method, protocol))
    return [str(path) for path in sorted(recipe.parent.glob(f'{recipe.stem}_*.py'))]
