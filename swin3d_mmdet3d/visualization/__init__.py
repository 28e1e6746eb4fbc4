"""Visualization without a display: pictures, coloured PLY files and a self-contained HTML viewer."""

from .html_viewer import write_html_viewer
from .label_colors import label_colors
from .ply_writer import write_ply
from .point_renderer import paint, point_sizes, rasterize, render_points
from .prediction_picture import prediction_picture
from .views import View, birds_eye_view, oblique_view

__all__ = [
    'View',
    'birds_eye_view',
    'label_colors',
    'oblique_view',
    'paint',
    'point_sizes',
    'prediction_picture',
    'rasterize',
    'render_points',
    'write_html_viewer',
    'write_ply',
]
