"""Cross-entropy with Lovasz-softmax against a loop over classes and thresholds, in float64."""

import pytest
import torch
from mmdet3d.registry import MODELS

import swin3d_mmdet3d  # noqa: F401


def lovasz_by_hand(probabilities, labels):
    """The Lovasz extension of the Jaccard loss of each class that occurs, as its definition sums it."""
    losses = []
    for k in labels.unique().tolist():
        truth = labels == k
        errors = torch.where(truth, 1 - probabilities[:, k], probabilities[:, k])
        order = errors.argsort(descending=True).tolist()

        def jaccard(wrong, truth=truth):
            """1 - IoU where the rows of this set are wrong and all others right."""
            mistaken = torch.zeros(len(truth), dtype=torch.bool)
            mistaken[wrong] = True
            inside = (truth & ~mistaken).sum()
            return 1 - inside / (truth | mistaken).sum().clamp(min=1)

        steps = [
            errors[row] * (jaccard(order[: place + 1]) - jaccard(order[:place]))
            for place, row in enumerate(order)
        ]
        losses.append(sum(steps))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('labelled', [40, 1])
def test_the_value_is_that_of_both_terms_over_the_labelled_rows(labelled):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 4, (40,), generator=generator)
    labels[labelled:] = 255
    weight = torch.rand(5, generator=generator, dtype=torch.float64) + 0.5
    criterion = MODELS.build(dict(type='CrossEntropyLovasz', class_weight=weight.tolist(), lovasz_weight=0.3))
    known, truth = logits[:labelled], labels[:labelled]
    entropy = -(known.log_softmax(1)[torch.arange(labelled), truth] * weight[truth]).mean()
    wanted = entropy + 0.3 * lovasz_by_hand(known.softmax(1), truth)
    torch.testing.assert_close(criterion(logits, labels), wanted, rtol=1e-5, atol=1e-6)


def test_without_a_label_the_loss_is_0_and_so_is_its_gradient():
    logits = torch.randn(6, 5, requires_grad=True)
    loss = MODELS.build(dict(type='CrossEntropyLovasz'))(logits, torch.full((6,), 255))
    loss.backward()
    assert loss.item() == 0 and logits.grad.abs().max() == 0
