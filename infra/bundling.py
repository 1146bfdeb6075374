"""Bundling: build the assets of the functions, each identical on every machine.

All functions share one, of pure Python wheels only (`--platform=any`; pip refuses
others), so that it runs on arm64 as well as on the interpreter of the local stack.
Join's has DuckDB besides, which is compiled: it is built once for AWS, and once for
this machine. That of Forward notice has the library that signs notices. boto3 is part
of the Lambda runtime. Of Powertools there is only what is imported. Bytecode is in an
asset for the Python that builds it, and in no other: see `infra.bytecode`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from infra.bytecode import THIS_PYTHON, compile_files, loaded_files

PROJECT = Path(__file__).parents[1]
PYTHON = "3.14"
#: How many builds of each kind stay cached: enough for a few branches.
KEPT = 4

_EPOCH = 315532800  # 1980-01-01, the earliest time that a zip file can contain
#: Powertools: two thirds of it, a web page with its scripts among them, are for what no
#: function does. Each cold start would download it.
_MOSTLY_UNUSED = "aws_lambda_powertools"
#: Packages that some of our modules import and the functions' common asset lacks.
_OF_SOME = {"join.lock": "duckdb", "notices.lock": "standardwebhooks"}
_LICENCE_FILES = ("METADATA", "LICEN", "NOTICE", "AUTHORS", "COPYING")


class BundlingFailed(Exception):
    """The asset could not be built; the message contains the output of pip."""


@dataclass(frozen=True)
class Platform:
    """Where wheels run: its name and Python, and how pip is told to choose them."""

    name: str
    options: tuple[str, ...]
    python: str = PYTHON


ANY = Platform(
    "any", ("--platform=any", "--implementation=py", f"--python-version={PYTHON}")
)
#: Amazon Linux 2023 has glibc 2.34. The stable ABI is that of Python 3.12 and later.
LAMBDA = Platform(
    "lambda",
    (
        "--platform=manylinux_2_28_aarch64",
        "--implementation=cp",
        "--abi=abi3",
        f"--python-version={PYTHON}",
    ),
)
#: This interpreter, which runs the functions of the local stack.
HOST = Platform(
    f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}", (), THIS_PYTHON
)


def bundle(platform: Platform, *, project: Path = PROJECT) -> Path:
    """Return the directory of the functions' asset; build it unless it is cached.

    It is named by a hash of its sources. The dependencies are cached apart from our
    code, which changes more often. It is the same on every processor.
    """
    installed = _dependencies(project, "requirements.lock", ANY)
    functions = project / "functions"
    sources = sorted(functions.rglob("*.py"))
    inputs = [functions / "requirements.lock", *sources]
    compiled = platform.python == THIS_PYTHON
    name = "asset-bytecode" if compiled else "asset"
    compiler = sys.version if compiled else ""
    asset = project / ".cache" / name / _hash(project, inputs, compiler)
    if not asset.is_dir():
        assemble = partial(_assemble, project, sources, installed, compiled)
        _publish(asset, assemble)
    return asset


def bundle_join(platform: Platform, *, project: Path = PROJECT) -> Path:
    """Return the directory of Join's asset: that of the others, and DuckDB."""
    common = bundle(platform, project=project)
    return _extended(common, project, f"join-{platform.name}", "join.lock", platform)


def bundle_notices(platform: Platform, *, project: Path = PROJECT) -> Path:
    """Return the directory of Forward notice's asset, which can sign besides."""
    common = bundle(platform, project=project)
    return _extended(
        common,
        project,
        common.parent.name.replace("asset", "notices"),
        "notices.lock",
        ANY,
    )


#: How each asset is built, by its name in the cloud assembly.
ASSETS: Mapping[str, Callable[[Platform], Path]] = {
    "functions": bundle,
    "join": bundle_join,
    "notices": bundle_notices,
}


def _extended(
    common: Path, project: Path, name: str, file: str, platform: Platform
) -> Path:
    """Return the directory of an asset that has the dependencies of `file`, too."""
    installed = _dependencies(project, file, platform)
    lock = project / "functions" / file
    asset = project / ".cache" / name / _hash(project, [lock], common.name)
    if not asset.is_dir():
        _publish(asset, partial(_extend, common, installed))
    return asset


def _dependencies(project: Path, file: str, platform: Platform) -> Path:
    lock = project / "functions" / file
    cache = project / ".cache" / f"dependencies-{platform.name}"
    installed = cache / _hash(project, [lock])
    if not installed.is_dir():
        _publish(installed, partial(_install, lock, platform))
    return installed


def _install(lock: Path, platform: Platform, target: Path) -> None:
    """Install the locked dependencies for a platform into `target`."""
    print(f"bundling: fetching what functions/{lock.name} names", file=sys.stderr)  # noqa: T201 - progress
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", *platform.options, "--no-compile"]
    command += [f"--requirement={lock}", f"--target={target}"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if process.returncode:
        raise BundlingFailed(
            "pip could not fetch the Lambda dependencies; the package index must be "
            f"reachable when functions/{lock.name} has changed.\n{process.stderr}"
        )
    # Its scripts contain paths of this machine.
    shutil.rmtree(target / "bin", ignore_errors=True)
    for path in target.glob("*.dist-info/**/*"):
        licence = path.name.upper().startswith(_LICENCE_FILES)
        if path.is_file() and not licence and "licenses" not in path.parts:
            path.unlink()  # pip's notes on the installation


def _assemble(
    project: Path,
    sources: Iterable[Path],
    installed: Path,
    compiled: bool,
    target: Path,
) -> None:
    shutil.copytree(installed, target, dirs_exist_ok=True)
    for source in sources:
        copy = target / source.relative_to(project)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    missing = (lock for lock, name in _OF_SOME.items() if not find_spec(name))
    packages = (_dependencies(project, lock, HOST) for lock in missing)
    loaded = loaded_files(target, *packages)
    for path in (target / _MOSTLY_UNUSED).rglob("*"):
        if path.is_file() and path not in loaded:
            path.unlink()
    if compiled:
        compile_files(target, loaded)
    _make_reproducible(target)


def _extend(common: Path, installed: Path, target: Path) -> None:
    for source in (common, installed):
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=_link)
    if any(common.rglob("*.pyc")):
        added = (path.relative_to(installed) for path in installed.rglob("*.py"))
        compile_files(target, (target / path for path in added))
    _make_reproducible(target)


def _link(source: str, target: str) -> None:
    """Let both names be one file, of which there may be 66 MB; copy it if need be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _make_reproducible(target: Path) -> None:
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # whatever the umask
        os.utime(path, (_EPOCH, _EPOCH))


def _publish(final: Path, build: Callable[[Path], None]) -> None:
    """Build next to `final` and rename, so that `final` is complete once it exists."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent) as scratch:
        built = Path(scratch) / final.name
        built.mkdir()
        build(built)
        try:
            built.rename(final)
        except OSError:
            if not final.is_dir():  # else another process built the same
                raise
    by_age = sorted(final.parent.iterdir(), key=lambda path: path.stat().st_ctime)
    for old in by_age[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _hash(project: Path, files: Iterable[Path], compiler: str = "") -> str:
    """Return a hash of the files, and of the rules and the compiler for them."""
    digest = hashlib.sha256(compiler.encode())
    for module in ("bundling.py", "bytecode.py"):
        digest.update(Path(__file__).with_name(module).read_bytes())
    for file in files:
        content = file.read_bytes()
        name = file.relative_to(project).as_posix()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
