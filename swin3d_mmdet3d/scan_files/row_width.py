"""Row width: how many columns a stream of numbers without a header has, told by the numbers themselves."""

from __future__ import annotations

import numpy as np

WIDEST = 12  # columns looked for
LOOKED_AT = 1 << 20  # numbers
MAX_BINS = 16
CELLS_FILLED = 4  # numbers that a bin of a column has on average
SLACK = 0.3  # bits a number by which a width may be worse than its best multiple: rings of a lidar take turns
DEVIATIONS = 4.0  # of an entropy's error that chance is given
FEWEST = 16 * WIDEST  # numbers; fewer do not tell


def likely_widths(flat: np.ndarray) -> list[int]:
    """Widths that the numbers speak for, the likeliest first; none where they do not tell.

    Under the right width every column has a distribution of its own, and a number's column tells much of its
    value; under a wrong one the columns mix. The entropy of a number given its column is least under the
    right width and its multiples.

    Args:
        flat: (N,) finite numbers, row after row.

    Returns:
        Widths of 2 .. `WIDEST`: that of least entropy, and its divisors that all other widths are worse than.
    """
    flat = flat[:LOOKED_AT]
    if len(flat) < FEWEST:
        return []
    entropy, noise = column_entropies(flat), _noise(len(flat))
    width = int(np.argmax(entropy <= entropy.min() + noise)) + 1
    divisors = [it for it in range(width - 1, 1, -1) if width % it == 0]
    near = [it for it in divisors if entropy[it - 1] <= entropy[width - 1] + SLACK]
    return [it for it in (width, *near) if it > 1 and _beats_others(it, entropy, noise)]


def _beats_others(width: int, entropy: np.ndarray, noise: float) -> bool:
    """Whether all widths that are no multiples of this one have more entropy."""
    others = [it for it in range(1, WIDEST + 1) if it % width]
    return bool((entropy[np.array(others) - 1] > entropy[width - 1] + noise).all())


def _noise(count: int) -> float:
    """What chance gives an entropy of `count` numbers: half a chi-square of as many degrees as cells."""
    return DEVIATIONS * float(np.sqrt(WIDEST * _bins(count) / 2)) / (count * np.log(2))


def _bins(count: int) -> int:
    return int(np.clip(count // (CELLS_FILLED * WIDEST), 2, MAX_BINS))


def column_entropies(flat: np.ndarray) -> np.ndarray:
    """(WIDEST,) bits of a number of `flat` (N,) given its column, for rows of 1 .. `WIDEST` numbers.

    Numbers fall into bins of equal counts. The estimate is Miller and Madow's: plug-in entropy plus
    (cells in use - 1) / 2 N.
    """
    bins = _bins(len(flat))
    edges = np.unique(np.quantile(flat, np.arange(1, bins) / bins))
    code = np.searchsorted(edges, flat, side='right')
    place = np.arange(len(flat))
    return np.array([_entropy(place % width, code, bins) for width in range(1, WIDEST + 1)])


def _entropy(column: np.ndarray, code: np.ndarray, bins: int) -> float:
    counts = np.bincount(column * bins + code).astype(np.float64)
    rows = np.bincount(column).astype(np.float64)
    used = counts[counts > 0]
    plug_in = (rows * np.log2(rows)).sum() - (used * np.log2(used)).sum()
    return (plug_in + (len(used) - len(rows)) / (2 * np.log(2))) / len(column)
