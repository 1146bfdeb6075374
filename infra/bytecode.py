"""Bytecode: compile what the functions import, so that no cold start has to.

It runs only on the minor version of Python that has compiled it. Where that is not the
functions' own, an asset goes without: it runs as well, and starts more slowly.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

#: The minor version of the Python that builds.
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

#: Where Lambda unpacks an asset: the paths in the bytecode.
_TASK_ROOT = "/var/task"
_LOADED_FILES = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
sys.path = [str(root), *sys.path, *sys.argv[2:]]
for path in sorted(root.glob("functions/**/*.py")):
    name = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
    importlib.import_module(name.removesuffix(".__init__"))
files = {getattr(module, "__file__", None) or "" for module in [*sys.modules.values()]}
for file in files:
    if file.startswith(f"{root}/") and file.endswith(".py"):
        print(file)
"""


class CompilationFailed(Exception):
    """The modules could not be compiled; the message has the compiler's output."""


def loaded_files(asset: Path, *packages: Path) -> frozenset[Path]:
    """Return the files of an asset that importing all of our modules loads.

    `packages` are folders with what they import and is neither in it nor installed.
    """
    printed = _run("-c", _LOADED_FILES, *map(str, (asset, *packages)))
    return frozenset(map(Path, printed.splitlines()))


def compile_files(asset: Path, files: Iterable[Path]) -> None:
    """Add the bytecode of files to their asset.

    It is never compared with its source again (`unchecked-hash`): times differ from
    machine to machine, and Lambda's copy of an asset cannot change. Two builds by the
    same Python are the same, byte for byte.
    """
    _run(
        *("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(asset), "-p", _TASK_ROOT, "-i", "-"),
        stdin="\n".join(map(str, sorted(files))),
    )


def bytecode_sentence(python: str) -> str:
    """Return whether assets for functions that run on `python` contain bytecode."""
    if python == THIS_PYTHON:
        return f"The functions' assets contain bytecode of Python {python}."
    return (
        f"The functions' assets contain no bytecode, which Python {python} would have "
        f"to compile, not {THIS_PYTHON}: cold starts take about twice the time."
    )


def _run(*arguments: str, stdin: str = "") -> str:
    # Whoever builds may have set other variables of Python, such as its optimization.
    own = {n: v for n, v in os.environ.items() if not n.startswith("PYTHON")}
    environment = {**own, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-P", *arguments],
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise CompilationFailed(
            "the functions could not be compiled:\n" + process.stdout + process.stderr
        )
    return process.stdout
