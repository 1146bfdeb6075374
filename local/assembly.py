"""Assembly: the synthesized app, made by a process that ends."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


class SynthFailed(Exception):
    """The app could not be synthesized; the text is what it said last."""


def synthesized(stage: str, outdir: Path) -> Path:
    """Write the cloud assembly of a stage into `outdir` and give it back.

    The CDK keeps a Node for as long as its Python lives; in a process and a session
    of its own it neither stays beside a stack that runs for days nor hears a Ctrl-C.
    """
    done = subprocess.run(
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
    if done.returncode:
        last = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise SynthFailed(f"the CDK app does not synthesize: {last[0]}")
    return outdir
