"""The asset is reproducible, small and pure Python."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import bundling
from infra.bundling import PROJECT, BundlingFailed, bundle

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def asset() -> Path:
    """Return the asset that is deployed."""
    return bundle()


def copy_of_the_project(at: Path) -> Path:
    """Copy the sources of the asset, as in another checkout."""
    shutil.copytree(PROJECT / "functions", at / "functions")
    return at


def contents(asset: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and mode of each file, by path."""
    return {
        path.relative_to(asset).as_posix(): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mode,
        )
        for path in [asset, *asset.rglob("*")]
    }


def test_two_builds_are_identical(asset: Path, tmp_path: Path) -> None:
    """Otherwise each machine would deploy another asset for the same code."""
    project = copy_of_the_project(tmp_path / "elsewhere")
    (project / "functions" / "__pycache__").mkdir(exist_ok=True)
    (project / "functions" / "__pycache__" / "check.cpython-311.pyc").write_bytes(b"x")
    before = os.umask(0o077)

    try:
        another = bundle(project=project)
    finally:
        os.umask(before)

    assert another.name == asset.name
    assert contents(another) == contents(asset)
    assert len({path.stat().st_mtime for path in another.rglob("*")}) == 1


def test_the_asset_is_small(asset: Path, tmp_path: Path) -> None:
    """A cold start downloads it; the limit is 2.5 MB."""
    packed = tmp_path / "asset.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.rglob("*")):
            archive.write(path, path.relative_to(asset))

    assert packed.stat().st_size <= 2.5 * MEGABYTE


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


def test_this_interpreter_imports_it(asset: Path) -> None:
    """The local stack runs it with the Python of this machine."""
    program = (
        f"import sys; sys.path.insert(0, {str(asset)!r});"
        "import requests, aws_lambda_powertools, functions;"
        "print(requests.__file__, aws_lambda_powertools.__file__, functions.__file__)"
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


def test_a_second_build_needs_no_network(
    asset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synth without a change works offline."""

    def no_network(*_: object, **__: object) -> None:
        pytest.fail("pip was called")

    monkeypatch.setattr(subprocess, "run", no_network)

    assert bundle() == asset


def test_a_change_of_our_code_needs_no_network(
    asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dependencies change rarely, our code often."""
    project = copy_of_the_project(tmp_path / "changed")
    shutil.copytree(
        PROJECT / ".cache" / "dependencies", project / ".cache/dependencies"
    )
    (project / "functions" / "core" / "added.py").write_text('"""New."""\n')
    monkeypatch.setattr(bundling, "_install", lambda *_: pytest.fail("pip was called"))

    changed = bundle(project=project)

    assert changed.name != asset.name
    assert (changed / "functions" / "core" / "added.py").is_file()


def test_old_assets_are_deleted(tmp_path: Path) -> None:
    """A day of work leaves a hundred of them, of seven megabytes each."""
    project = copy_of_the_project(tmp_path / "busy")
    shutil.copytree(
        PROJECT / ".cache" / "dependencies", project / ".cache/dependencies"
    )

    for n in range(bundling.KEPT + 2):
        (project / "functions" / "added.py").write_text(f"N = {n}\n")
        bundle(project=project)

    assert len(list((project / ".cache" / "asset").iterdir())) == bundling.KEPT
    assert (bundle(project=project) / "functions" / "added.py").read_text() == "N = 5\n"


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
        bundle(project=project)

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
        bundle(project=project)
