# Indoor scans without labels, a partial cloud a sample with distances to the surface of the whole scan: what
# the data sets of pretraining on distances share. Each adds its files, voxel size and crop.
# Numbers: release of IAE (arXiv 2201.00785, d46ae61), configs/scannet; it turns no scan. Half of our queries
# lie near points: of those drawn anywhere, nine in ten lie in empty air.
_base_ = ['./endless-samples.py']

load_points = dict(type='LoadColoredPoints')
change_colors = [
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.005),
]
place_scene = [dict(type='PositiveShift'), dict(type='RememberSurface')]
draw_queries = dict(type='SurfaceQueries', num_queries=2048, near_share=0.5, sigma=0.08, max_distance=0.5)
draw_queries_shuffled = dict(draw_queries, shuffle=True)
make_hole = dict(type='CentralBoxErasing', max_extent=0.5)
pack_points = [dict(type='NormalizeColorSigned'), dict(type='PackPretrainInputs')]

# of the scans of data sets
augment_scan = [
    load_points,
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.9, 1.1]),
    *change_colors,
    *place_scene,
]
query_partial = [
    draw_queries,
    make_hole,
    # 0.005 of the edge of its pieces, 3 m
    dict(type='RandomJitterPoints', jitter_std=[0.015] * 3, clip_range=[-0.03, 0.03]),
    *pack_points,
]
