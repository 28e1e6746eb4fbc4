"""How far apart sets of scans are: density in attention windows, colours, and what small classifiers tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import nn

from .confusion_matrix import confusion_matrix, segmentation_scores

WINDOW = 5  # voxels along an edge of an attention window
MIN_WINDOW_VOXELS = 3
_STEPS = 400
_QUERIES = 20000


def neighbour_distance(xyz: np.ndarray) -> float:
    """Median distance of the points (P, 3) to their nearest neighbours, metres; of at most 20,000 of them."""
    rows = np.random.default_rng(0).permutation(len(xyz))[:_QUERIES]
    return float(np.median(cKDTree(xyz).query(xyz[rows], k=2)[0][:, 1]))


def thin_to_distance(xyz: np.ndarray, distance: float, evenly: bool = False) -> np.ndarray:
    """Points (Q, 3) of a cloud whose neighbours are at a median distance; all where that is wider.

    Args:
        xyz: (P, 3) metres.
        distance: Wanted median distance, metres.
        evenly: Means of the points of voxels, as sampling by a grid gives, in place of random points.
    """
    if neighbour_distance(xyz) >= distance:
        return xyz
    order = np.random.default_rng(0).permutation(len(xyz))
    low, high = distance / 4, distance * 4
    for _ in range(12):
        middle = np.sqrt(low * high)
        # of random points the distance grows with the inverse root of their number
        share = (distance / 4 / middle) ** 2
        thinned = _voxel_means(xyz, middle) if evenly else xyz[order[: max(2, int(share * len(xyz)))]]
        if neighbour_distance(thinned) < distance:
            low = middle
        else:
            high = middle
    return thinned


def _voxel_means(xyz: np.ndarray, size: float) -> np.ndarray:
    _, group, count = np.unique(_cells(xyz, size), axis=0, return_inverse=True, return_counts=True)
    return _means(xyz, group.ravel(), count)


def window_occupancy(xyz: np.ndarray, voxel_size: float) -> float:
    """Median number of occupied voxels in the windows of 5 x 5 x 5 voxels that hold any.

    Args:
        xyz: (P, 3) metres.
        voxel_size: Metres.
    """
    voxels = np.unique(_cells(xyz, voxel_size), axis=0)
    return float(np.median(np.unique(voxels // WINDOW, axis=0, return_counts=True)[1]))


def window_statistics(points: np.ndarray, voxel_size: float) -> np.ndarray:
    """What one window of voxels shows of its sensor.

    Args:
        points: (P, 6) xyz in metres and rgb 0..255.
        voxel_size: Metres; each voxel has the mean of its points.

    Returns:
        (W, 15): the logarithms of the numbers of voxels and of points a voxel, spread of the voxels in their
        window (3), mean offset of the points in their voxels (3), size of that offset; mean and deviation
        of the colour over the window (3 and 3). The first 9 are geometry, the last 6 colour.
    """
    cells = _cells(points[:, :3], voxel_size)
    voxels, of_voxel, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    of_voxel = of_voxel.ravel()
    low = points[:, :3].min(axis=0)
    columns = np.concatenate([(points[:, :3] - low) / voxel_size - cells - 0.5, points[:, 3:6] / 255], axis=1)
    mean = _means(columns, of_voxel, count)
    _, of_window, size = np.unique(voxels // WINDOW, axis=0, return_inverse=True, return_counts=True)
    of_window = of_window.ravel()
    place = (voxels % WINDOW).astype(np.float64)
    reach = np.linalg.norm(mean[:, :3], axis=1, keepdims=True)
    log_count = np.log(count)[:, None]
    means = _means(np.concatenate([log_count, mean[:, :3], reach, mean[:, 3:]], axis=1), of_window, size)
    spread = _deviations(place, of_window, size)
    color_spread = _deviations(mean[:, 3:], of_window, size)
    table = np.concatenate(
        [np.log(size)[:, None], means[:, :1], spread, means[:, 1:5], means[:, 5:], color_spread], axis=1
    )
    return table[size >= MIN_WINDOW_VOXELS]


def color_figures(rgb: np.ndarray) -> dict[str, float]:
    """Means, deviation of the grey value, saturation and share of grey points of (P, 3) colours 0..255."""
    rgb = rgb.astype(np.float64)
    highest, lowest = rgb.max(axis=1), rgb.min(axis=1)
    saturation = (highest - lowest) / np.maximum(highest, 1)
    red, green, blue = rgb.mean(axis=0)
    return dict(
        red=red,
        green=green,
        blue=blue,
        grey_deviation=rgb.mean(axis=1).std(),
        saturation=saturation.mean(),
        grey_share=(saturation < 0.08).mean(),
    )


def classify(
    inputs: np.ndarray, labels: np.ndarray, tests: np.ndarray, classes: int, hidden: int = 0
) -> np.ndarray:
    """Labels that a small classifier gives to test rows; classes weigh alike in its training.

    Args:
        inputs: (P, F) rows to train on.
        labels: (P,) int64 in [0, classes).
        tests: (Q, F).
        classes: Number of classes.
        hidden: Units of a hidden layer; 0 for a linear classifier.

    Returns:
        (Q,) int64.
    """
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    rows = torch.from_numpy((inputs - mean) / deviation).float()
    target = torch.from_numpy(labels)
    generator = torch.Generator().manual_seed(0)
    width = inputs.shape[1]
    layers = [nn.Linear(width, classes)]
    if hidden:
        layers = [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes)]
    network = nn.Sequential(*layers)
    for parameter in network.parameters():
        scale = parameter.shape[-1] ** -0.5
        nn.init.uniform_(parameter, -scale, scale, generator=generator)
    counts = torch.bincount(target, minlength=classes).float()
    loss = nn.CrossEntropyLoss(weight=torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(_STEPS):
        chosen = torch.randint(len(rows), (4096,), generator=generator)
        optimizer.zero_grad()
        loss(network(rows[chosen]), target[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        return network(torch.from_numpy((tests - mean) / deviation).float()).argmax(dim=1).numpy()


def domain_accuracy(training: Sequence[np.ndarray], tests: Sequence[np.ndarray], hidden: int = 64) -> float:
    """Share of held-out windows of which a classifier tells the set; sets weigh alike.

    Args:
        training: (W, F) windows of each set, to train on.
        tests: (W, F) windows of other scans of each set.
        hidden: Units of the hidden layer.
    """
    labels = np.repeat(np.arange(len(training)), [len(rows) for rows in training])
    found = classify(np.concatenate(training), labels, np.concatenate(tests), len(training), hidden)
    parts = np.split(found, np.cumsum([len(rows) for rows in tests])[:-1])
    return float(np.mean([(part == number).mean() for number, part in enumerate(parts)]))


def classifier_iou(
    inputs: np.ndarray, labels: np.ndarray, tests: np.ndarray, truth: np.ndarray, classes: int
) -> float:
    """Mean IoU that a linear classifier of single points reaches on other rooms."""
    matrix = confusion_matrix(truth, classify(inputs, labels, tests, classes), classes)
    return segmentation_scores(matrix).mean_iou


def _cells(xyz: np.ndarray, voxel_size: float) -> np.ndarray:
    return np.floor((xyz - xyz.min(axis=0)) / voxel_size).astype(np.int64)


def _means(rows: np.ndarray, group: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(G, F) means of the rows (N, F) of each group (N,)."""
    sums = [np.bincount(group, column, minlength=len(count)) for column in rows.T]
    return np.stack(sums, axis=1) / count[:, None]


def _deviations(rows: np.ndarray, group: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(G, F) standard deviations of the rows (N, F) of each group (N,)."""
    variance = _means(rows**2, group, count) - _means(rows, group, count) ** 2
    return np.sqrt(np.maximum(variance, 0))
