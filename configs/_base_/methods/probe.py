# A linear probe of a student for 20 epochs; a base adds its network
_base_ = [
    '../heads/linear-probe.py',
    '../schedules/linear-probe_20e.py',
    '../runtime/default.py',
    '../runtime/student.py',
]
