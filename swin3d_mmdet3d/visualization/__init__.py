"""Visualization without a display: pictures, coloured PLY files and a self-contained HTML viewer."""

from .box_choice import choose_boxes
from .box_edges import BOX_EDGES, box_corners, draw_box_edges, project_edges, write_box_edges
from .box_set import BoxSet
from .color_difference import cielab, color_difference
from .detail_order import detail_order
from .distinct_colors import distinct_colors
from .feature_picture import feature_picture, pca_colors
from .html_viewer import write_html_viewer
from .label_colors import error_colors, label_colors
from .las_writer import write_las
from .outer_sides import outer_sides
from .ply_writer import write_ply
from .point_renderer import paint, point_sizes, rasterize, render_points
from .prediction_picture import box_picture, prediction_picture
from .ray_picture import ray_picture
from .shape_colors import shape_colors
from .views import View, birds_eye_view, oblique_view, room_yaw

__all__ = [
    'BOX_EDGES',
    'BoxSet',
    'View',
    'birds_eye_view',
    'box_corners',
    'box_picture',
    'choose_boxes',
    'cielab',
    'color_difference',
    'detail_order',
    'distinct_colors',
    'draw_box_edges',
    'error_colors',
    'feature_picture',
    'label_colors',
    'oblique_view',
    'outer_sides',
    'paint',
    'pca_colors',
    'point_sizes',
    'prediction_picture',
    'project_edges',
    'rasterize',
    'ray_picture',
    'render_points',
    'room_yaw',
    'shape_colors',
    'write_box_edges',
    'write_html_viewer',
    'write_las',
    'write_ply',
]
