"""Class names as text: the indoor vocabulary, frozen text encoders, tables of their vectors."""

from .text_table import TextTable, load_text_table, save_text_table
from .vocabulary import INDOOR_CLASSES, INDOOR_NAMES, class_names_of

__all__ = [
    'INDOOR_CLASSES',
    'INDOOR_NAMES',
    'TextTable',
    'class_names_of',
    'load_text_table',
    'save_text_table',
]
