"""Whether this process was started for the help of a tool, which needs neither torch nor mmdet3d.

They take seconds to import; a tool's own imports of them, and the registration of this package's classes, are
left out then.
"""

import sys

# While Python looks for the module of `python -m swin3d_mmdet3d.tools.NAME --help`, sys.argv begins with -m.
HELP_ONLY = sys.argv[:1] == ['-m'] and bool({'-h', '--help'} & set(sys.argv))
