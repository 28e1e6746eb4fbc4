"""The layout of indoor data sets on disk, as mmdet3d reads it; read, checked and written here alone.

- scenes.py: ``points/<scene>.bin``, and in the same way ``normals``, ``semantic_mask``, ``instance_mask`` and
  ``semantic_mask200``;
- infos.py: ``<data set>_infos_<split>.pkl``;
- frames.py: ``posed_images/<scene>/``;
- tickets.py: what a run tells of the scenes that it has finished.
"""
