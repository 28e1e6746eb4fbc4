"""Self-distillation over prototypes: a student predicts the assignments of its teacher's rows."""

from __future__ import annotations

import torch
from mmdet3d.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from ...models.losses.global_mean import global_mean
from ..sinkhorn import sinkhorn


@MODELS.register_module()
class SelfDistillation(nn.Module):
    r"""Cross-entropy of the student's predictions against Sinkhorn's assignment of the teacher's rows.

    .. math::
        L = \frac{1}{B} \sum_b \frac{1}{|M_b|} \sum_{m \in M_b} -q_m^T \log \mathrm{softmax}(s_m / t_s),
        \quad q = \mathrm{Sinkhorn}(t / t_t)

    Of the B samples of all processes those without rows are left out of the mean; the rows of all processes
    are assigned together. A student that knows nothing has ln K; so has one whose teacher assigns every row
    to all K prototypes alike, which is the collapse of this loss. It shows in the entropy of q, below which
    no student comes. Computed in float32 at least, whatever autocast says.

    Args:
        student_temperature: t_s.
        teacher_temperature: t_t.
        iterations: Iterations of :func:`sinkhorn`.

    Raises:
        ValueError: If a temperature is not positive.

    Source: arXiv 2503.16429 (Sonata) and its code in github.com/Pointcept/Pointcept, where samples without
        rows count as 0.
    """

    def __init__(
        self,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.04,
        iterations: int = 3,
    ) -> None:
        super().__init__()
        for name, value in dict(student=student_temperature, teacher=teacher_temperature).items():
            if not value > 0:
                raise ValueError(f'{name}_temperature must be positive, got {value}')
        self.student_temperature = student_temperature
        self.teacher_temperature = teacher_temperature
        self.iterations = iterations

    def forward(self, student: Tensor, teacher: Tensor, sample: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of matched rows; 0 of none.

        Args:
            student: ``(M, K)`` cosines of the student's rows and the prototypes.
            teacher: ``(M, K)`` those of the teacher's rows; no gradient goes there.
            sample: ``(M,)`` int64, the sample of each row.

        Returns:
            The loss, and the mean entropy of the assignments in nats, without a graph, 0 of no rows.

        Raises:
            ValueError: If the shapes do not fit.
        """
        if student.shape != teacher.shape or student.ndim != 2 or sample.shape != student.shape[:1]:
            shapes = tuple(student.shape), tuple(teacher.shape), tuple(sample.shape)
            raise ValueError(f'student, teacher and sample must be (M, K), (M, K) and (M,), got {shapes}')
        with torch.autocast(student.device.type, enabled=False):
            student = student.to(torch.promote_types(student.dtype, torch.float32))
            teacher = teacher.detach().to(student.dtype)
            assigned = sinkhorn(teacher / self.teacher_temperature, self.iterations)
            entropy = -torch.xlogy(assigned, assigned).sum(dim=1)
            log_p = log_softmax(student / self.student_temperature, dim=1)
            cross_entropy = -(assigned * log_p).sum(dim=1)
            if len(sample) == 0:
                return global_mean(cross_entropy.sum(), 0), entropy.sum()
            _, group, count = sample.unique(return_inverse=True, return_counts=True)
            weight = 1 / (count[group].to(student.dtype) * len(count))
            return global_mean((cross_entropy * weight).sum(), len(count)), entropy.mean()
