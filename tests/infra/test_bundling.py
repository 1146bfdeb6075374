"""The assets are reproducible and small; only Join's has something compiled."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from infra import bundling
from infra.bundling import (
    HOST,
    LAMBDA,
    PROJECT,
    PYTHON,
    BundlingFailed,
    Platform,
    bundle,
    bundle_join,
)
from infra.bytecode import THIS_PYTHON, bytecode_sentence, loaded_files
from tools.assets import LAMBDA_LIMIT, sizes

MEGABYTE = 1_000_000
#: The flags of bytecode that is never compared with its source: PEP 552.
UNCHECKED_HASH = 0b01


@pytest.fixture(scope="module")
def asset() -> Path:
    """Return the asset that is deployed."""
    return bundle(LAMBDA)


def copy_of_the_project(at: Path, *caches: str) -> Path:
    """Copy the sources of the asset, as in another checkout."""
    shutil.copytree(PROJECT / "functions", at / "functions")
    for cache in caches:
        shutil.copytree(PROJECT / ".cache" / cache, at / ".cache" / cache)
    return at


def cache_of(source: Path) -> Path:
    """Return where Python looks for the bytecode of a module."""
    return Path(cache_from_source(str(source)))


def contents(asset: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and mode of each file, by path."""
    return {
        path.relative_to(asset).as_posix(): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mode,
        )
        for path in [asset, *asset.rglob("*")]
    }


@pytest.mark.parametrize("platform", [LAMBDA, HOST], ids=lambda platform: platform.name)
def test_two_builds_are_identical(platform: Platform, tmp_path: Path) -> None:
    """Otherwise each machine would deploy another asset for the same code."""
    asset = bundle(platform)
    project = copy_of_the_project(tmp_path / "elsewhere")
    (project / "functions" / "__pycache__").mkdir(exist_ok=True)
    (project / "functions" / "__pycache__" / "check.cpython-311.pyc").write_bytes(b"x")
    before = os.umask(0o077)

    try:
        another = bundle(platform, project=project)
    finally:
        os.umask(before)

    assert another.name == asset.name
    assert contents(another) == contents(asset)
    assert len({path.stat().st_mtime for path in another.rglob("*")}) == 1


def test_the_asset_is_small() -> None:
    """A cold start downloads it; the limit is 2.5 MB, the bytecode included."""
    packed, _ = sizes(bundle(HOST))

    assert packed <= 2.5 * MEGABYTE


def test_all_that_the_functions_import_is_compiled() -> None:
    """Whoever builds with the functions' Python saves half of each cold start.

    The bytecode counts whatever the times of the files: those of an upload are others.
    """
    asset = bundle(HOST)

    loaded = loaded_files(asset)
    assert asset / "functions" / "check.py" in loaded
    assert asset / "requests" / "sessions.py" in loaded
    assert set(asset.rglob("*.pyc")) == {*map(cache_of, loaded)}
    for path in asset.rglob("*.pyc"):
        flags = int.from_bytes(path.read_bytes()[4:8], "little")
        assert flags == UNCHECKED_HASH, path


def test_another_python_gets_no_bytecode(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would not read it, and each cold start would download it."""
    project = copy_of_the_project(tmp_path / "b", "dependencies-any")
    monkeypatch.setattr(bundling, "THIS_PYTHON", PYTHON)
    compiled = bundle(LAMBDA, project=project)
    monkeypatch.setattr(bundling, "THIS_PYTHON", "3.0")
    plain = bundle(LAMBDA, project=project)

    assert any(compiled.rglob("*.pyc"))
    assert not any(plain.rglob("*.pyc"))
    assert bytecode_sentence(THIS_PYTHON).startswith("The functions' assets contain b")
    assert f"Python {PYTHON}0 would" in bytecode_sentence(f"{PYTHON}0")


def test_it_contains_only_what_the_functions_import(asset: Path) -> None:
    """The runtime has boto3; compiled files and pip's notes depend on the machine."""
    top = {path.name for path in asset.iterdir() if path.suffix != ".dist-info"}
    files = [path for path in asset.rglob("*") if path.is_file()]

    assert top == {
        "aws_lambda_powertools",
        "certifi",
        "charset_normalizer",
        "functions",
        "idna",
        "jmespath",
        "requests",
        "typing_extensions.py",
        "urllib3",
    }
    assert not [
        path for path in files if path.suffix in {".so", ".pyd", ".pyc", ".lock"}
    ]
    assert not [path for path in files if path.name in {"RECORD", "direct_url.json"}]


def test_it_contains_the_locked_versions_with_their_licences(asset: Path) -> None:
    """Licences require to be distributed with the software."""
    lock = (PROJECT / "functions" / "requirements.lock").read_text()
    locked = {
        f"{name.replace('-', '_')}-{version}.dist-info"
        for name, version in re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE)
    }

    dist_infos = {path.name: path for path in asset.glob("*.dist-info")}
    assert set(dist_infos) == locked
    for path in dist_infos.values():
        assert "License" in (path / "METADATA").read_text(), path.name


def test_this_interpreter_imports_it() -> None:
    """The local stack runs it with the Python of this machine."""
    asset = bundle_join(HOST)
    program = (
        f"import sys; sys.path.insert(0, {str(asset)!r});"
        "import requests, aws_lambda_powertools, functions, duckdb, _duckdb;"
        "print(requests.__file__, aws_lambda_powertools.__file__, functions.__file__,"
        "duckdb.__file__, _duckdb.__file__)"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-B", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert not done.stderr
    for path in done.stdout.split():
        assert path.startswith(str(asset))


@pytest.mark.parametrize("platform", [LAMBDA, HOST], ids=lambda platform: platform.name)
def test_the_asset_of_join_has_duckdb_besides(platform: Platform) -> None:
    """Everything else is the same, and Lambda takes it; other functions start small."""
    joined = bundle_join(platform)

    asset = bundle(platform)
    more = contents(joined).keys() - contents(asset).keys()
    tops = {path.partition("/")[0] for path in more}
    compiled = [path.suffixes[0] for path in joined.rglob("*.so")]
    assert contents(asset).keys() <= contents(joined).keys()
    assert {top for top in tops if not top.startswith("_duckdb.")} == {
        "_duckdb-stubs",
        "adbc_driver_duckdb",
        "duckdb",
        next(path.name for path in joined.glob("duckdb-*.dist-info")),
    }
    assert len(compiled) == 1
    assert (compiled == [".abi3"]) == (platform is LAMBDA)
    assert any(joined.glob("duckdb-*.dist-info/licenses/*"))
    packed, unpacked = sizes(joined)
    assert packed <= 30 * MEGABYTE
    assert unpacked <= LAMBDA_LIMIT / 3


def test_the_compiled_file_is_for_the_processor_of_lambda() -> None:
    """The ELF header names it; another one would fail in the first job only."""
    (compiled,) = bundle_join(LAMBDA).rglob("*.so")
    aarch64 = 183

    header = compiled.read_bytes()[:20]

    assert header[:4] == b"\x7fELF"
    assert int.from_bytes(header[18:20], "little") == aarch64


def test_two_builds_of_join_are_identical(tmp_path: Path) -> None:
    """The compiled file, too, is the wheel's, whose hash the lock demands."""
    joined = bundle_join(LAMBDA)
    caches = ("dependencies-any", "dependencies-lambda")
    project = copy_of_the_project(tmp_path / "elsewhere", *caches)

    another = bundle_join(LAMBDA, project=project)

    assert another.name == joined.name
    assert contents(another) == contents(joined)
    assert len({path.stat().st_mtime for path in another.rglob("*")}) == 1


def test_a_second_build_needs_no_network(
    asset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synth without a change works offline."""
    joined = bundle_join(LAMBDA)

    def no_network(*_: object, **__: object) -> None:
        pytest.fail("pip was called")

    monkeypatch.setattr(subprocess, "run", no_network)

    assert bundle(LAMBDA) == asset
    assert bundle_join(LAMBDA) == joined


def test_a_change_of_our_code_needs_no_network(
    asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dependencies change rarely, our code often."""
    project = copy_of_the_project(tmp_path / "changed", "dependencies-any")
    (project / "functions" / "core" / "added.py").write_text('"""New."""\n')
    monkeypatch.setattr(bundling, "_install", lambda *_: pytest.fail("pip was called"))

    changed = bundle(LAMBDA, project=project)

    assert changed.name != asset.name
    assert (changed / "functions" / "core" / "added.py").is_file()


def test_old_assets_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of work leaves a hundred of them, of seven megabytes each."""
    monkeypatch.setattr(bundling, "loaded_files", lambda _: frozenset())
    project = copy_of_the_project(tmp_path / "busy", "dependencies-any")

    for n in range(bundling.KEPT + 2):
        (project / "functions" / "added.py").write_text(f"N = {n}\n")
        bundle(LAMBDA, project=project)

    assert len(list((project / ".cache" / "asset").iterdir())) == bundling.KEPT
    assert (
        bundle(LAMBDA, project=project) / "functions" / "added.py"
    ).read_text() == "N = 5\n"


def test_a_failed_installation_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains the output of pip, and no incomplete asset remains."""
    project = copy_of_the_project(tmp_path / "offline")
    lock = project / "functions" / "requirements.lock"
    lock.write_text(f"nothing-of-this-name==1 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(
        BundlingFailed, match=r"(?s)index must be reachable.*nothing-of"
    ):
        bundle(LAMBDA, project=project)

    assert not [path for path in (project / ".cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param("cp314-cp314-manylinux2014_aarch64", id="extension module"),
        pytest.param("py3-none-manylinux2014_aarch64", id="compiled program"),
        pytest.param("cp314-none-any", id="one interpreter"),
    ],
)
def test_a_dependency_for_one_platform_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: str
) -> None:
    """One asset runs in Lambda and on every machine with the local stack."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / f"compiled-1-{tags}.whl", "w") as wheel:
        wheel.writestr("compiled.py", "")
    project = copy_of_the_project(tmp_path / "compiled")
    lock = project / "functions" / "requirements.lock"
    lock.write_text(f"compiled==1 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))

    with pytest.raises(BundlingFailed, match="No matching distribution"):
        bundle(LAMBDA, project=project)


@pytest.mark.parametrize("installed", [True, False])
def test_a_build_needs_nothing_installed_but_boto3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    """Who tries the local stack has not installed what Join and Forward notice use."""
    given: list[str] = []

    def dependencies(_: Path, lock: str, *__: object) -> Path:
        (folder := tmp_path / lock).mkdir(exist_ok=True)
        return folder

    def note(_: Path, *packages: Path) -> frozenset[Path]:
        given.extend(path.name for path in packages)
        return frozenset()

    monkeypatch.setattr(bundling, "find_spec", lambda _: installed or None)
    monkeypatch.setattr(bundling, "_dependencies", dependencies)
    monkeypatch.setattr(bundling, "loaded_files", note)

    bundle(LAMBDA, project=copy_of_the_project(tmp_path / "elsewhere"))

    assert given == ([] if installed else ["join.lock", "notices.lock"])


def test_imported_packages_may_be_elsewhere(tmp_path: Path) -> None:
    """They are not among the files of the asset that are loaded."""
    functions, package = tmp_path / "asset" / "functions", tmp_path / "package"
    functions.mkdir(parents=True)
    package.mkdir()
    (functions / "step.py").write_text("import only_here\n")
    (package / "only_here.py").touch()

    loaded = loaded_files(tmp_path / "asset", package)

    assert loaded == {functions / "step.py"}
