"""Synthesize the CDK app in a process of its own, and read what it wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.config import stack_name

_ROOT = Path(__file__).parents[1]


class SynthFailed(Exception):
    """The app could not be synthesized; the message has the last line of its output."""


def synthesize(stage: str, outdir: Path) -> Path:
    """Write the cloud assembly of a stage into `outdir` and return it.

    The CDK's Node.js process lives as long as the Python process that started it. A
    process of its own ends it before the stack runs, and a session of its own keeps
    Ctrl-C from it.

    Raises:
        SynthFailed: A setting is wrong, or a tool is missing.
    """
    process = subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=_ROOT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": f'{{"stage": "{stage}"}}',
            "CDK_OUTDIR": str(outdir),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        check=False,
    )
    if process.returncode:
        last_line = process.stdout.strip().splitlines()[-1:] or ["no output"]
        raise SynthFailed(f"the CDK app does not synthesize: {last_line[0]}")
    return outdir


def read_definition(assembly: Path, stage: str) -> dict[str, Any]:
    """Return the definition of the state machine in a cloud assembly.

    Values that are known only after the deployment (ARNs, names) are `…`.
    """
    template = assembly / f"{stack_name(stage)}.template.json"
    definitions = [
        resource["Properties"]["DefinitionString"]
        for resource in json.loads(template.read_text())["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    parts = definitions[0]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "…" for part in parts)
    definition: dict[str, Any] = json.loads(text)
    return definition
