"""Sinkhorn's assignment against float64 loops, its own marginals and optimal transport."""

import numpy as np
import pytest
import torch
import torch.distributed as dist
from scipy.optimize import linear_sum_assignment
from torch import multiprocessing

from swin3d_mmdet3d.pretraining.sinkhorn import sinkhorn


def cosines(rows, prototypes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    feats, directions = (
        torch.nn.functional.normalize(torch.randn(count, 8, generator=generator, dtype=torch.float64), dim=1)
        for count in (rows, prototypes)
    )
    return feats @ directions.t()


def by_loops(logits, iterations):
    """Alternate divisions of the exponentials, entry by entry, in float64."""
    q = np.exp(logits.double().numpy())
    rows, columns = q.shape
    for _ in range(iterations):
        for k in range(columns):
            q[:, k] *= rows / columns / q[:, k].sum()
        for m in range(rows):
            q[m] /= q[m].sum()
    return q


@pytest.mark.parametrize('iterations', [1, 3])
@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_assignments_are_those_of_alternate_divisions(iterations, dtype, tolerance):
    logits = (cosines(50, 7) / 0.1).to(dtype)
    found = sinkhorn(logits, iterations)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_loops(logits, iterations), rtol=tolerance, atol=tolerance)


def test_rows_sum_to_one_after_any_iteration_and_columns_alike_in_the_limit():
    logits = cosines(120, 7) / 0.05
    for iterations in (1, 3, 400):
        found = sinkhorn(logits, iterations)
        np.testing.assert_allclose(found.sum(dim=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found.sum(dim=0), 120 / 7, rtol=1e-7)
    assert (sinkhorn(logits, 1).sum(dim=0) * 7 / 120 - 1).abs().max() > 0.05  # the limit is not there at once


def test_it_stops_at_the_first_iteration_within_the_tolerance():
    logits = cosines(120, 7) / 0.05

    def off(iterations):
        return (sinkhorn(logits, iterations).sum(dim=0) * 7 / 120 - 1).abs().max()

    first = next(iterations for iterations in range(1, 400) if off(iterations) <= 1e-3)
    assert first > 3
    assert torch.equal(sinkhorn(logits, 1000, tolerance=1e-3), sinkhorn(logits, first))
    assert torch.equal(sinkhorn(logits, first - 1, tolerance=1e-3), sinkhorn(logits, first - 1))


def test_cold_logits_give_the_best_assignment_of_as_many_rows_as_prototypes():
    similarity = cosines(12, 12)
    found = sinkhorn(similarity / 4e-3, 1000, tolerance=1e-2)
    rows, best = linear_sum_assignment(similarity, maximize=True)
    assert not np.array_equal(best, similarity.argmax(dim=1))  # balance costs some rows their nearest one
    assert np.array_equal(found.argmax(dim=1), best)
    assert float((found * similarity).sum()) == pytest.approx(float(similarity[rows, best].sum()), abs=0.02)


def test_rows_may_come_in_any_order_and_in_the_limit_with_any_offset():
    logits = cosines(40, 5) / 0.1
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(sinkhorn(logits[order]), sinkhorn(logits)[order], rtol=1e-12)
    moved = logits + torch.linspace(-30, 30, 40, dtype=torch.float64)[:, None]
    np.testing.assert_allclose(sinkhorn(moved, 500), sinkhorn(logits, 500), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
def test_logits_beyond_the_exponentials_of_their_type_give_finite_balanced_assignments(dtype):
    logits = (cosines(60, 6) * 3000).to(dtype)
    found = sinkhorn(logits, 30)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.sum(dim=1), 1.0, rtol=1e-5)
    assert bool(found.isfinite().all())


def test_autocast_changes_nothing_and_no_gradient_is_kept():
    logits = (cosines(60, 6) / 0.04).float().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = sinkhorn(logits)
    assert torch.equal(found, sinkhorn(logits.detach()))
    assert not found.requires_grad


def assign_on_rank(rank, folder, parts):
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    torch.save(sinkhorn(parts[rank], 3), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


@pytest.mark.parametrize('first', [30, 0], ids=['both have rows', 'one has none'])
def test_rows_of_all_processes_are_balanced_together(first, tmp_path):
    logits = cosines(50, 7) / 0.1
    parts = [logits[:first], logits[first:]]
    multiprocessing.start_processes(assign_on_rank, (tmp_path, parts), nprocs=2, start_method='fork')
    found = torch.cat([torch.load(tmp_path / f'{rank}.pth', weights_only=True) for rank in range(2)])
    np.testing.assert_allclose(found, by_loops(logits, 3), rtol=1e-12)


def test_no_row_has_no_assignment():
    assert sinkhorn(torch.zeros(0, 4)).shape == (0, 4)


def test_what_is_no_matrix_and_no_iteration_are_named():
    with pytest.raises(ValueError, match=r'logits must be \(M, K\) with at least one column, got \(3,\)'):
        sinkhorn(torch.zeros(3))
    with pytest.raises(ValueError, match='at least one column'):
        sinkhorn(torch.zeros(3, 0))
    with pytest.raises(ValueError, match='iterations must be at least 1, got 0'):
        sinkhorn(torch.zeros(3, 2), 0)
