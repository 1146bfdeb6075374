"""Make a cloud assembly in a process of its own, and read what is in it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra.config import LOCAL, stack_name
from local import kept_template

_ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 900


class SynthFailed(Exception):
    """There is no cloud assembly; the message says why."""


def assemble(outdir: Path, on_progress: Callable[[str, str], None]) -> Path:
    """Write the cloud assembly of the stage `local` into `outdir` and return it.

    Where the CDK is not installed, it is made of the template that is kept in the tree.
    `on_progress` is called before it begins, as in `local.stack.running`.

    Raises:
        SynthFailed: See `synthesize`; or the kept template is that of other settings.
    """
    if has_cdk():
        on_progress("Synthesizing the template", "")
        return synthesize(LOCAL, outdir)
    on_progress("Building the functions", "")
    if changed := kept_template.changed_sources(kept_template.KEPT.read_text("utf-8")):
        raise SynthFailed(
            f"{changed[0]} has changed since infra/local_template.json was made of it, "
            "and the CDK, which makes another one, is not installed. Run `make "
            "develop` (1.4 GB, once), then this again."
        )
    _run("the build of the functions", "local.kept_template", str(outdir))
    return outdir


def has_cdk() -> bool:
    """Return whether the CDK is installed; the lock file to run leaves it out."""
    return find_spec("aws_cdk") is not None


def synthesize(stage: str, outdir: Path) -> Path:
    """Write the cloud assembly of a stage into `outdir` and return it.

    CloudFormation's rules, the reading of which takes longer than all the rest, are not
    applied: nothing of it gets to CloudFormation. The tests apply them to each stage.

    Raises:
        SynthFailed: A setting is wrong, a tool is missing, or it does not end.
    """
    variables = {
        "CDK_VALIDATION": "false",
        "CDK_CONTEXT_JSON": f'{{"stage": "{stage}"}}',
        "CDK_OUTDIR": str(outdir),
    }
    _run("the CDK app", "infra.app", **variables)
    return outdir


def _run(what: str, module: str, *arguments: str, **variables: str) -> None:
    """Run a module that writes a cloud assembly.

    The CDK's Node.js process lives as long as the Python process that started it. A
    process of its own ends it before the stack runs, and a session of its own keeps
    Ctrl-C from it.
    """
    try:
        process = subprocess.run(  # noqa: S603 - our own modules
            [sys.executable, "-m", module, *arguments],
            cwd=_ROOT,
            env={**os.environ, "HOME": str(_usable_home()), **variables},
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
        raise SynthFailed(f"{what} has run for {minutes}") from None
    if process.returncode:
        last_line = process.stdout.strip().splitlines()[-1:] or ["no output"]
        raise SynthFailed(f"{what} has failed: {last_line[0]}")


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
