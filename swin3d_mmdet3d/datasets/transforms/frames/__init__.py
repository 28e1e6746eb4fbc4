"""Transforms of RGB-D frames: loading, matches with points, augmentation of images."""
