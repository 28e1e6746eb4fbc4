"""Command-line tools; each runs as `python -m swin3d_mmdet3d.tools.NAME`."""
