"""The queue of keys and the contrast with it."""

import math

import pytest
import torch

from swin3d_mmdet3d.pretraining.losses import QueueNCE
from swin3d_mmdet3d.pretraining.memory_queue import MemoryQueue


def unit(rows):
    return torch.nn.functional.normalize(rows, dim=-1)


@pytest.mark.parametrize('sizes', [(3, 3, 3, 3), (4, 5, 1, 7), (7, 2), (9, 16, 3), (0, 2, 0)])
def test_a_queue_holds_the_last_keys_whatever_the_batches(sizes):
    queue = MemoryQueue(7, 4)
    held = list(queue.rows.clone())  # the row at each place
    place = 0
    for size in sizes:
        keys = torch.randn(size, 4)
        queue.push(keys)
        for key in unit(keys):
            held[place % 7] = key
            place += 1
        torch.testing.assert_close(queue.rows, torch.stack(held))
        assert int(queue.place) == place % 7


def test_a_queue_starts_with_unit_rows_and_comes_back_from_its_state():
    queue, other = MemoryQueue(7, 4), MemoryQueue(7, 4)
    torch.testing.assert_close(queue.rows.norm(dim=1), torch.ones(7))
    queue.push(torch.randn(9, 4))
    other.load_state_dict(queue.state_dict())
    keys = torch.randn(3, 4)
    for one in (queue, other):
        one.push(keys)
    assert torch.equal(queue.rows, other.rows)


def test_loss_is_that_of_a_loop_with_the_queue_as_it_was_before():
    loss = QueueNCE(6, 4, temperature=0.2, loss_weight=0.5)
    for size in (4, 3, 5):
        query, key, before = torch.randn(size, 4), torch.randn(size, 4), loss.queue.rows.double()
        expected = 0.0
        for q, k in zip(unit(query.double()), unit(key.double())):
            logits = [float(q @ k) / 0.2, *(float(q @ n) / 0.2 for n in before)]
            expected += math.log(sum(map(math.exp, logits))) - logits[0]
        assert loss(query, key).item() == pytest.approx(0.5 * expected / size, rel=1e-5)
        assert not torch.equal(loss.queue.rows.double(), before)


def test_closed_forms_of_orthogonal_and_equal_rows():
    loss = QueueNCE(5, 8, temperature=0.1).eval()
    query = torch.eye(8)[:2] * 3
    loss.queue.rows = torch.eye(8)[2:7]
    assert loss(query, query).item() == pytest.approx(math.log(1 + 5 * math.exp(-10)), rel=1e-3)
    loss.queue.rows = torch.ones(5, 8) / 8**0.5
    assert loss(torch.ones(2, 8), torch.ones(2, 8)).item() == pytest.approx(math.log(6))


def test_gradient_reaches_the_queries_alone_and_is_right_after_the_queue_moved():
    loss = QueueNCE(6, 4, temperature=0.2)
    query, key = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    before = loss.queue.rows.clone()
    value = loss(query, key)
    value.backward()
    assert key.grad is None and not loss.queue.rows.requires_grad and not torch.equal(loss.queue.rows, before)
    again = query.detach().double().requires_grad_()
    rows = torch.cat(
        [
            torch.einsum('nc,nc->n', unit(again), unit(key.detach().double()))[:, None],
            unit(again) @ before.double().t(),
        ],
        dim=1,
    )
    (-(rows / 0.2).log_softmax(dim=1)[:, 0].mean()).backward()
    torch.testing.assert_close(query.grad, again.grad.float())


def test_evaluation_leaves_the_queue():
    loss = QueueNCE(6, 4).eval()
    before = loss.queue.rows.clone()
    loss(torch.randn(3, 4), torch.randn(3, 4))
    assert torch.equal(loss.queue.rows, before)


def test_the_control_compares_each_query_with_the_key_of_another():
    own, control = QueueNCE(6, 8), QueueNCE(6, 8, shuffle=True)
    control.load_state_dict(own.state_dict())
    rows = torch.eye(8)[:4]
    assert own.eval()(rows, rows) < control.eval()(rows, rows) - 1
    control.train()(rows, rows)
    torch.testing.assert_close(control.queue.rows[:4], rows)  # which keys the queue gets is the same


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(size=0), 'size must be at least 1, got 0'),
        (dict(temperature=0.0), 'temperature must be positive, got 0.0'),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        QueueNCE(**{**dict(size=4, channels=4), **settings})


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r'query and key must be \(N, C\) without pairs'):
        QueueNCE(4, 4)(torch.randn(2, 4), torch.randn(3, 4))
