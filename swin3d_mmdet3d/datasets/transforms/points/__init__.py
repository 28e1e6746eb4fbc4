"""Transforms of the points of a scene: crops, samples, augmentation."""
