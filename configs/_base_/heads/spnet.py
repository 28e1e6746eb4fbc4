# SPNet beside TR3D at the three finest of its encoder's levels; a config adds the detector, its classes and
# the levels' widths
passing = dict(type='SPNet', levels=['encoder.0', 'encoder.1', 'encoder.2'])
