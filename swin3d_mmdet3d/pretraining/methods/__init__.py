"""One file a method; methods import shared parts and never each other."""

from .ppkt import PPKT
from .ppt import PPT

__all__ = ['PPKT', 'PPT']
