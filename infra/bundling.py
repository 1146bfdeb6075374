"""Bundling: builds the one asset that every Lambda runs, the same everywhere.

Only pure wheels go in (`--platform=any`): the asset then suits the deployed
arm64, the local stack's interpreter and any machine that builds it, and pip
itself refuses a dependency that would change that. boto3 is not in it, since the
Lambda runtime has one; nor is bytecode, which only the deployed version of Python
could compile, so that what is deployed would depend on who deploys it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PYTHON = "3.14"
KEPT = 4  # builds of each sort: a few branches, not every change of a day

_EPOCH = 315532800  # 1980-01-01, the first moment that a zip file can name
_LICENCE_FILES = ("METADATA", "LICEN", "NOTICE", "AUTHORS", "COPYING")


class BundlingFailed(Exception):
    """The asset could not be built; the message says what pip had to say."""


def bundle(*, project: Path = PROJECT) -> Path:
    """Build the asset, or find it built, and return its directory.

    The directory's name is a hash of everything that goes in. The dependencies
    are kept apart from our code, which changes more often and costs nothing.
    """
    cache = project / ".cache"
    functions = project / "functions"
    lock = functions / "requirements.lock"
    rules = Path(__file__)

    dependencies = cache / "dependencies" / _hash(project, [lock], rules)
    if not dependencies.is_dir():
        _publish(dependencies, lambda target: _install(lock, target))

    sources = sorted(functions.rglob("*.py"))
    asset = cache / "asset" / _hash(project, [lock, *sources], rules)
    if not asset.is_dir():
        _publish(
            asset, lambda target: _assemble(project, sources, dependencies, target)
        )
    return asset


def _install(lock: Path, target: Path) -> None:
    """Fetch what the lock names into `target`, without asking this interpreter."""
    print("bundling: fetching the Lambda dependencies", file=sys.stderr)  # noqa: T201 - progress of a step that takes seconds
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", "--platform=any", "--implementation=py"]
    command += [f"--python-version={PYTHON}", "--no-compile"]
    command += [f"--requirement={lock}", f"--target={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise BundlingFailed(
            "pip could not fetch the Lambda dependencies; the package index must be "
            f"reachable when functions/requirements.lock has changed.\n{done.stderr}"
        )
    shutil.rmtree(target / "bin", ignore_errors=True)  # scripts; they name this machine
    for path in target.glob("*.dist-info/**/*"):
        if path.is_file() and not _is_licence(path):
            path.unlink()  # pip's own notes: who installed what, when and from where


def _is_licence(path: Path) -> bool:
    return "licenses" in path.parts or path.name.upper().startswith(_LICENCE_FILES)


def _assemble(
    project: Path, sources: Iterable[Path], dependencies: Path, target: Path
) -> None:
    shutil.copytree(dependencies, target, dirs_exist_ok=True)
    for source in sources:
        copy = target / source.relative_to(project)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)

    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # whatever the umask here
        os.utime(path, (_EPOCH, _EPOCH))


def _publish(final: Path, build: Callable[[Path], None]) -> None:
    """Build next to `final`, then rename: no one ever finds half an asset."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent) as scratch:
        built = Path(scratch) / final.name
        built.mkdir()
        build(built)
        try:
            built.rename(final)
        except OSError:
            if not final.is_dir():  # else another process was faster with the same
                raise
    by_age = sorted(final.parent.iterdir(), key=lambda path: path.stat().st_ctime)
    for old in by_age[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _hash(project: Path, files: Iterable[Path], rules: Path) -> str:
    digest = hashlib.sha256(rules.read_bytes())
    for file in files:
        content = file.read_bytes()
        name = file.relative_to(project).as_posix()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
