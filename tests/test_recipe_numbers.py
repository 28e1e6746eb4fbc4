"""The recipes have the numbers of the papers and released files, every one that a config states."""

import pytest
from pytest import approx
from recipe_files import RECIPES, name, recipe
from recipe_numbers import RECIPE_NUMBERS
from recipe_reader import read_numbers

import swin3d_mmdet3d  # noqa: F401


def same(found, wanted):
    """Equality, of numbers to a millionth of them; a number is no boolean."""
    if isinstance(wanted, tuple):
        return isinstance(found, tuple) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and same(tuple(sorted(found)), tuple(sorted(wanted)))
            and all(same(found[key], value) for key, value in wanted.items())
        )
    if isinstance(wanted, (bool, str)) or wanted is None:
        return type(found) is type(wanted) and found == wanted
    return isinstance(found, (int, float)) and type(found) is not bool and found == approx(wanted, rel=1e-6)


def test_every_recipe_has_a_row():
    apart = set(RECIPE_NUMBERS) ^ {path.stem for path in RECIPES}
    assert not apart, f'RECIPES of a file of tests/recipe_numbers and the configs must name the same: {apart}'


@pytest.mark.parametrize('path', RECIPES, ids=name)
def test_recipe_has_the_numbers_of_its_sources(path):
    stated, defaults = read_numbers(recipe(path), path.stem)
    assert path.stem in RECIPE_NUMBERS, 'RECIPES of a file of tests/recipe_numbers must have its numbers'
    numbers = RECIPE_NUMBERS[path.stem]
    wrong = []
    for key, (wanted, source) in numbers.items():
        found = stated.get(key, defaults.get(key))
        if not same(found, wanted):
            wrong.append(f'{key} must be {wanted} ({source}), got {found}')
    wrong += [f'{key} = {stated[key]} stands in no table' for key in sorted(stated.keys() - numbers.keys())]
    assert not wrong, '\n'.join(wrong)
