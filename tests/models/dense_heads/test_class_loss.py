import pytest
import torch
from mmdet.models.losses import focal_loss
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

import swin3d_mmdet3d  # noqa: F401
from swin3d_mmdet3d.models.dense_heads.class_loss import ClassLoss

FOCAL = dict(type='mmdet.FocalLoss', reduction='none')


class OnGPU(torch.Tensor):
    """A tensor that says it is on a GPU."""

    is_cuda = property(lambda self: True)


def focal(logits, labels):
    """Equation 5 of arXiv 1708.02002 with gamma 2 and alpha 0.25."""
    target = one_hot(labels, logits.shape[1] + 1)[:, :-1].to(logits.dtype)
    right = torch.where(target > 0, logits.sigmoid(), 1 - logits.sigmoid())
    alpha = torch.where(target > 0, 0.25, 0.75)
    return alpha * (1 - right) ** 2 * binary_cross_entropy_with_logits(logits, target, reduction='none')


def test_negative_labels_and_the_number_of_classes_are_background():
    logits = torch.randn(5, 3, dtype=torch.float64)
    loss = ClassLoss(FOCAL)(logits, torch.tensor([0, -1, 2, 3, -7]))
    torch.testing.assert_close(loss, focal(logits, torch.tensor([0, 3, 2, 3, 3])))


def test_gpu_logits_need_no_kernel_of_mmcv(monkeypatch):
    def absent(*_):
        raise RuntimeError('sigmoid_focal_loss_forward_impl: implementation for device cuda:0 not found.')

    monkeypatch.setattr(focal_loss, '_sigmoid_focal_loss', absent)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    logits, labels = torch.randn(5, 3), torch.tensor([0, -1, 2, 3, 1])
    loss = ClassLoss(FOCAL)(logits.as_subclass(OnGPU), labels)
    torch.testing.assert_close(loss.as_subclass(torch.Tensor), ClassLoss(FOCAL)(logits, labels))


def test_a_label_beyond_the_background_is_refused():
    with pytest.raises(RuntimeError, match='smaller than num_classes'):
        ClassLoss(FOCAL)(torch.randn(1, 3), torch.tensor([4]))


def test_a_loss_of_another_kind_sees_labels():
    loss = ClassLoss(dict(type='mmdet.CrossEntropyLoss', ignore_index=3))
    logits = torch.randn(4, 3)
    expected = torch.nn.functional.cross_entropy(logits[:2], torch.tensor([2, 0]), reduction='sum') / 4
    torch.testing.assert_close(loss(logits, torch.tensor([2, 0, -1, 3])), expected)


def test_no_rows_give_no_loss():
    logits = torch.zeros(0, 3, requires_grad=True)
    assert ClassLoss(FOCAL)(logits, torch.zeros(0, dtype=torch.int64)).shape == (0, 3)
