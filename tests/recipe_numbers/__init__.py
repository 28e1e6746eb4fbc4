"""The numbers of every recipe, written down from the papers and released files.

A recipe is a list of groups, each with its source; where groups name the same number, the later one holds.
A number of ours has its reason in place of the source. Names are those of `recipe_reader`: the section is a
part of the model, or 'optimiser', 'data', 'training' (steps of the training pipeline), 'test' (those of the
test).
"""

from . import (
    act,
    act_object,
    c2p,
    concept_alignment,
    detection,
    dpco,
    fixmatch,
    four_d_contrast,
    i2p_mae,
    iae,
    lground,
    masked_scene_contrast,
    md,
    mm_3dscene,
    mvdecor,
    objects,
    point_contrast,
    point_mcd,
    ponder,
    pretraining,
    pri3d,
    rooms,
    segmentation,
    shipped,
    simipu,
    sl3d,
    sonata,
    spnet,
    transfer,
    two_dpass,
)

RECIPE_NUMBERS = {}
for family in (
    segmentation,
    detection,
    objects,
    pretraining,
    masked_scene_contrast,
    mm_3dscene,
    point_contrast,
    point_mcd,
    iae,
    ponder,
    c2p,
    sl3d,
    pri3d,
    fixmatch,
    mvdecor,
    simipu,
    rooms,
    shipped,
    i2p_mae,
    concept_alignment,
    sonata,
    dpco,
    spnet,
    transfer,
    two_dpass,
    lground,
    four_d_contrast,
    md,
    act,
    act_object,
):
    for recipe, groups in family.RECIPES.items():
        numbers = RECIPE_NUMBERS[recipe] = {}
        for group in groups:
            numbers.update(group)
