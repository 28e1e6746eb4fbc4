"""Class names as texts: Structured3D, ScanNet and S3DIS in one vocabulary, ScanNet200 in its own."""

from __future__ import annotations

from collections.abc import Sequence

from ..datasets.class_lists import S3DIS, SCANNET, STRUCTURED3D, ClassList
from ..datasets.scannet200 import SCANNET200

# Table order of Pointcept's PPT (arXiv 2308.09718, appendix); a name means the same in every data set.
INDOOR_NAMES = (
    *('wall', 'floor', 'cabinet', 'bed', 'chair', 'sofa', 'table', 'door', 'window', 'bookshelf', 'bookcase'),
    *('picture', 'counter', 'desk', 'shelves', 'curtain', 'dresser', 'pillow', 'mirror', 'ceiling'),
    *('refrigerator', 'television', 'shower curtain', 'nightstand', 'toilet', 'sink', 'lamp', 'bathtub'),
    *('garbagebin', 'board', 'beam', 'column', 'clutter', 'otherstructure', 'otherfurniture', 'otherprop'),
)

SPELLINGS = {'showercurtrain': 'shower curtain'}


def vocabulary_names(classes: ClassList) -> tuple[str, ...]:
    """The vocabulary's name of each class, in label order."""
    return tuple(SPELLINGS.get(name, name) for name in classes.names)


INDOOR_CLASSES = {
    'Structured3D': vocabulary_names(STRUCTURED3D),
    'ScanNet': vocabulary_names(SCANNET),
    'S3DIS': vocabulary_names(S3DIS),
    'ScanNet200': SCANNET200.names,  # in a table of its own
}

# The released code compares label k of S3DIS with the k-th of its names in vocabulary order, not in label
# order: ceilings learn the text 'wall'. Weights trained that way need it that way.
INDOOR_CLASSES['S3DIS-released'] = tuple(sorted(INDOOR_CLASSES['S3DIS'], key=INDOOR_NAMES.index))


def class_names_of(condition: str, names: str | Sequence[str]) -> tuple[str, ...]:
    """Class names as configs give them: a list, or the name of a data set of the indoor vocabulary.

    Raises:
        TypeError: If they are neither a word nor a sequence of words.
        ValueError: If ``names`` is a word that names no such data set.
    """
    if not isinstance(names, str):
        if not (isinstance(names, Sequence) and all(isinstance(name, str) for name in names)):
            raise TypeError(f'class_names of {condition} must be a list of texts, got {names!r:.100}')
        return tuple(names)
    if names not in INDOOR_CLASSES:
        raise ValueError(
            f'class_names of {condition} must be a list or one of {tuple(INDOOR_CLASSES)}, got {names!r}'
        )
    return INDOOR_CLASSES[names]
