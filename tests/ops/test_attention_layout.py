"""Heads and tables are views, whose gradients are handed on as they lie where that needs no copy."""

import pytest
import torch
from swin3d_ops.attention_layout import join_tables, split_heads


class Attended(torch.autograd.Function):
    """The sum of queries, keys and values, whose backward pass lays the three gradients where it is told."""

    @staticmethod
    def forward(ctx, lay, q, k, v):
        ctx.lay = lay
        return q + 2 * k + 3 * v

    @staticmethod
    def backward(ctx, grad):
        return None, *ctx.lay([grad, 2 * grad, 3 * grad])


def in_one_buffer(grads, buffers):
    buffers.append(torch.stack(grads, dim=1))
    return buffers[-1].unbind(1)


def apart(grads, buffers):
    return grads


def in_another_order(grads, buffers):
    q, k, v = torch.stack(grads[::-1], dim=1).unbind(1)
    return v, k, q


def in_two_buffers(grads, buffers):
    first, second = torch.stack(grads, dim=1), torch.stack(grads, dim=1)
    return first[:, 0], second[:, 1], first[:, 2]


def one_for_all(grads, buffers):
    whole = torch.stack(grads, dim=1)
    return whole[:, 0], whole[:, 0] * 2, whole[:, 0] * 3


@pytest.mark.parametrize(
    'lay, taken',
    [(in_one_buffer, True), (apart, False), (in_another_order, False), (in_two_buffers, False),
     (one_for_all, False)],
)  # fmt: skip
@pytest.mark.parametrize('voxels', [0, 1, 7])
def test_gradients_in_one_buffer_are_that_of_the_product_and_others_are_joined(lay, taken, voxels):
    heads, width, buffers = 2, 5, []
    feats = torch.randn(voxels, 3 * heads * width, dtype=torch.float64).requires_grad_()
    qkv = feats * 1
    seen = []
    qkv.register_hook(seen.append)
    q, k, v = split_heads(qkv, heads)
    assert q._base is k._base is v._base is not None  # views
    out = Attended.apply(lambda grads: lay(grads, buffers), q, k, v)
    expected = qkv.detach().view(voxels, 3, heads, width)
    torch.testing.assert_close(out.detach(), expected[:, 0] + 2 * expected[:, 1] + 3 * expected[:, 2])
    grad = torch.randn_like(out)
    out.backward(grad)
    torch.testing.assert_close(feats.grad, torch.stack([grad, 2 * grad, 3 * grad], dim=1).flatten(1))
    if voxels:
        assert taken == any(buffer.data_ptr() == seen[0].data_ptr() for buffer in buffers)


def test_a_head_that_is_not_used_has_a_gradient_of_zero():
    qkv = torch.randn(4, 18, dtype=torch.float64).requires_grad_()
    q, _, v = split_heads(qkv, 3)
    (q.sum() - v.sum()).backward()
    assert torch.equal(qkv.grad, torch.tensor([1.0, 0, -1]).double().repeat_interleave(6).expand(4, 18))


def test_tables_are_joined_by_one_copy_and_their_gradients_by_none():
    rows, heads, width = [6, 4], 2, 3
    tables = [torch.randn(3, count, heads, width).requires_grad_() for _ in range(3) for count in rows]
    joined = join_tables(tables)
    for role, table in enumerate(joined):
        own = tables[2 * role : 2 * role + 2]
        assert torch.equal(table, torch.cat([part.flatten(0, 1) for part in own]))
        assert table.untyped_storage().data_ptr() == joined[0].untyped_storage().data_ptr()
    grads = [torch.randn_like(table) for table in joined]
    got = torch.autograd.grad(joined, tables, grads)
    for role, grad in enumerate(grads):
        first, second = got[2 * role : 2 * role + 2]
        assert torch.equal(torch.cat([first.flatten(0, 1), second.flatten(0, 1)]), grad)
        assert first.data_ptr() == grad.data_ptr() and second.untyped_storage().data_ptr() == grad.data_ptr()


def test_frozen_tables_get_no_gradient():
    tables = [torch.randn(3, 4, 1, 2).requires_grad_(place != 1) for place in range(3)]
    sum(table.square().sum() for table in join_tables(tables)).backward()
    assert tables[1].grad is None
    torch.testing.assert_close(tables[2].grad, 2 * tables[2].detach())


def test_compiled_heads_and_tables_have_the_gradients_of_eager_ones():
    def attended(qkv, *tables):
        q, k, v = split_heads(qkv * 1, 2)
        first, second, third = join_tables(tables)
        return (q * k - v).sum() + (first * second - third).square().sum()

    inputs = [torch.randn(5, 12), *(torch.randn(3, 4, 2, 2) for _ in range(3))]
    inputs = [tensor.requires_grad_() for tensor in inputs]
    expected = torch.autograd.grad(attended(*inputs), inputs)
    compiled = torch.compile(attended, backend='aot_eager')
    for got, truth in zip(torch.autograd.grad(compiled(*inputs), inputs), expected):
        torch.testing.assert_close(got, truth)
