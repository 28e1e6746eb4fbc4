"""Second stages of detectors: refinement of proposals."""

from .cagroup3d_roi_head import CAGroup3DRoIHead

__all__ = ['CAGroup3DRoIHead']
