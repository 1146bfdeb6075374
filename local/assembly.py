"""Synthesize the CDK app in a process of its own, and read what it wrote."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.config import stack_name

_ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 900


class SynthFailed(Exception):
    """The app could not be synthesized; the message has the last line of its output."""


def synthesize(stage: str, outdir: Path) -> Path:
    """Write the cloud assembly of a stage into `outdir` and return it.

    The CDK's Node.js process lives as long as the Python process that started it. A
    process of its own ends it before the stack runs, and a session of its own keeps
    Ctrl-C from it.

    Raises:
        SynthFailed: A setting is wrong, a tool is missing, or it does not end.
    """
    try:
        process = subprocess.run(
            [sys.executable, "-m", "infra.app"],
            cwd=_ROOT,
            env={
                **os.environ,
                "HOME": str(_usable_home()),
                "CDK_CONTEXT_JSON": f'{{"stage": "{stage}"}}',
                "CDK_OUTDIR": str(outdir),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        minutes = f"{_PATIENCE_SECONDS // 60} minutes"
        raise SynthFailed(f"the CDK app has run for {minutes}") from None
    if process.returncode:
        last_line = process.stdout.strip().splitlines()[-1:] or ["no output"]
        raise SynthFailed(f"the CDK app does not synthesize: {last_line[0]}")
    return outdir


def _usable_home() -> Path:
    """Return the user's own folder, or one of ours if files cannot be written there.

    The CDK's runtime keeps a cache in it, and without one it fails, or never ends.
    """
    home = Path(os.environ.get("HOME") or os.devnull)
    try:
        cache = home / ".cache"
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except OSError:
        home = _ROOT / ".cache" / "home"
        home.mkdir(parents=True, exist_ok=True)
    return home


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
