"""Self-distillation against float64 loops; what it has of a student that knows nothing or all."""

import math

import pytest
import torch
from mmdet3d.registry import MODELS

from swin3d_mmdet3d.pretraining.sinkhorn import sinkhorn


def criterion(**settings):
    return MODELS.build(dict(type='SelfDistillation', **settings))


def rows(count=40, prototypes=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    student, teacher = torch.rand(2, count, prototypes, generator=generator, dtype=torch.float64) * 2 - 1
    return student.requires_grad_(), teacher, torch.randint(0, 3, (count,), generator=generator)


def test_loss_is_the_mean_over_samples_of_the_mean_cross_entropy_of_their_rows():
    student, teacher, sample = rows()
    loss, entropy = criterion(student_temperature=0.2, teacher_temperature=0.05, iterations=2)(
        student, teacher, sample
    )
    assigned = sinkhorn(teacher / 0.05, 2).tolist()
    means = []
    for number in range(3):
        entropies = []
        for row in (sample == number).nonzero().flatten().tolist():
            total = sum(math.exp(value / 0.2) for value in student[row].tolist())
            entropies.append(
                -sum(q * (s / 0.2 - math.log(total)) for q, s in zip(assigned[row], student[row].tolist()))
            )
        means.append(sum(entropies) / len(entropies))
    assert loss.item() == pytest.approx(sum(means) / 3, rel=1e-12)
    expected = [-sum(q * math.log(q) for q in row) for row in assigned]
    assert entropy.item() == pytest.approx(sum(expected) / len(expected), rel=1e-12)


def test_samples_without_rows_do_not_count():
    student, teacher, sample = rows()
    own, _ = criterion()(student, teacher, sample)
    gap, _ = criterion()(student, teacher, sample * 5)
    assert own.item() == pytest.approx(gap.item(), rel=1e-12)


def test_no_student_comes_below_the_entropy_and_the_one_with_the_assignments_reaches_it():
    student, teacher, sample = rows()
    sample = torch.zeros_like(sample)
    own = criterion(student_temperature=0.1)
    loss, entropy = own(student, teacher, sample)
    assert loss > entropy > 0
    best = sinkhorn(teacher / own.teacher_temperature).log() * 0.1
    assert own(best, teacher, sample)[0].item() == pytest.approx(entropy.item(), rel=1e-9)


def test_a_student_or_a_teacher_without_differences_has_ln_k():
    student, teacher, sample = rows()
    constant = torch.full_like(teacher, 0.3)
    assert criterion()(constant, teacher, sample)[0].item() == pytest.approx(math.log(6), rel=1e-12)
    collapsed = torch.stack(criterion()(constant, constant, sample))
    assert collapsed.tolist() == pytest.approx([math.log(6)] * 2, rel=1e-12)


def test_the_teacher_gets_no_gradient_and_the_student_that_of_the_difference_to_its_assignment():
    student, teacher, _ = rows()
    teacher.requires_grad_()
    sample = torch.zeros(len(student), dtype=torch.int64)
    criterion()(student, teacher, sample)[0].backward()
    assert teacher.grad is None
    assigned = sinkhorn(teacher.detach() / 0.04)
    expected = ((student / 0.1).softmax(dim=1) - assigned) / 0.1 / len(student)
    torch.testing.assert_close(student.grad, expected.detach(), rtol=1e-9, atol=1e-12)


def test_no_row_costs_nothing_and_reaches_what_made_the_rows():
    weight = torch.ones(3, 6, requires_grad=True)
    student = torch.zeros(0, 3) @ weight
    loss, entropy = criterion()(student, torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == entropy.item() == 0
    assert bool((weight.grad == 0).all())


def test_autocast_changes_nothing():
    student, teacher, sample = rows()
    student, teacher = student.detach().float(), teacher.float()
    plain, _ = criterion()(student, teacher, sample)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        cast, _ = criterion()(student, teacher, sample)
    assert torch.equal(plain, cast) and cast.dtype == torch.float32


def test_shapes_and_temperatures_that_do_not_fit_are_named():
    student, teacher, sample = rows()
    with pytest.raises(ValueError, match='student, teacher and sample must be'):
        criterion()(student, teacher[:-1], sample)
    with pytest.raises(ValueError, match='student, teacher and sample must be'):
        criterion()(student, teacher, sample[:-1])
    with pytest.raises(ValueError, match='teacher_temperature must be positive, got 0'):
        criterion(teacher_temperature=0)
