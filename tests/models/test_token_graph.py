"""Edge convolutions on tokens, against the literal features of every edge."""

import pytest
import torch
from torch.nn.functional import group_norm, leaky_relu

from swin3d_mmdet3d.models.layers.token_graph import TokenGraph


def small():
    torch.manual_seed(0)
    graph = TokenGraph(5, 8, channels=(6, 8, 12), num_neighbors=3).double()
    for norm in graph.modules():
        if isinstance(norm, torch.nn.GroupNorm):
            torch.nn.init.normal_(norm.weight)
            torch.nn.init.normal_(norm.bias)
    return graph


def test_every_edge_has_the_difference_and_the_tokens_own_feature():
    graph = small()
    feats, xyz = torch.randn(2, 7, 5, dtype=torch.float64), torch.randn(2, 7, 3, dtype=torch.float64)
    near = torch.cdist(xyz, xyz).topk(3, largest=False).indices
    current, levels = graph.embed(feats), []
    for edge, norm in zip(graph.edges, graph.norms):
        rows = torch.stack(
            [
                torch.stack(
                    [
                        torch.stack(
                            [torch.cat([cloud[j] - cloud[i], cloud[i]]) for j in near[item, i].tolist()]
                        )
                        for i in range(7)
                    ]
                )
                for item, cloud in enumerate(current)
            ]
        )
        hidden = group_norm((rows @ edge.weight.t()).permute(0, 3, 1, 2), 4, norm.weight, norm.bias)
        current = leaky_relu(hidden, 0.2).max(dim=3).values.transpose(1, 2)
        levels.append(current)
    whole = (torch.cat(levels, dim=2) @ graph.join.weight.t()).transpose(1, 2)
    wanted = leaky_relu(group_norm(whole, 4, graph.join_norm.weight, graph.join_norm.bias), 0.2)
    torch.testing.assert_close(graph(feats, xyz), wanted.transpose(1, 2))


def test_tokens_in_another_order_have_their_features_in_that_order():
    graph = small()
    feats, xyz = torch.randn(1, 9, 5, dtype=torch.float64), torch.randn(1, 9, 3, dtype=torch.float64)
    order = torch.randperm(9)
    torch.testing.assert_close(graph(feats[:, order], xyz[:, order]), graph(feats, xyz)[:, order])


def test_widths_that_a_norm_cannot_split_are_named():
    with pytest.raises(ValueError, match='channels must be two or more, from the second on multiples of 4'):
        TokenGraph(4, 8, channels=(8, 6))
    with pytest.raises(ValueError, match='out_channels must be a multiple of 4, got 6'):
        TokenGraph(4, 6)
