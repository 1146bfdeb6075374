"""The asset: the same from every build, small, and of pure Python only."""

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
    """Give the asset that a synth deploys."""
    return bundle()


def copy_of_the_project(at: Path) -> Path:
    """Copy what goes into the asset, as another checkout would have it."""
    shutil.copytree(PROJECT / "functions", at / "functions")
    return at


def contents(asset: Path) -> dict[str, tuple[bytes, int]]:
    """Return each file's bytes and mode, by its path."""
    return {
        path.relative_to(asset).as_posix(): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mode,
        )
        for path in [asset, *asset.rglob("*")]
    }


def test_two_builds_are_one_asset(asset: Path, tmp_path: Path) -> None:
    """Else each machine deploys its own, and nobody can say what runs."""
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
    """A cold start fetches it first; the bar is 2.5 MB."""
    packed = tmp_path / "asset.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.rglob("*")):
            archive.write(path, path.relative_to(asset))

    assert packed.stat().st_size <= 2.5 * MEGABYTE


def test_only_what_the_functions_import_is_in_it(asset: Path) -> None:
    """boto3 is the Lambda runtime's; pip's notes and compiled files are nobody's."""
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


def test_it_holds_what_the_lock_names_and_their_licences(asset: Path) -> None:
    """Who passes software on passes its licence on."""
    lock = (PROJECT / "functions" / "requirements.lock").read_text()
    locked = {
        f"{name.replace('-', '_')}-{version}.dist-info"
        for name, version in re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE)
    }

    notes = {path.name: path for path in asset.glob("*.dist-info")}
    assert set(notes) == locked
    for path in notes.values():
        assert "License" in (path / "METADATA").read_text(), path.name


def test_this_interpreter_imports_it(asset: Path) -> None:
    """The local stack runs it on whatever machine and Python there is."""
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


def test_a_second_build_asks_for_nothing(
    asset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synth without a change works on a train."""

    def no_network(*_: object, **__: object) -> None:
        pytest.fail("pip was called")

    monkeypatch.setattr(subprocess, "run", no_network)

    assert bundle() == asset


def test_our_code_changes_the_asset_without_fetching(
    asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dependencies change once a month, our code all day."""
    project = copy_of_the_project(tmp_path / "changed")
    shutil.copytree(
        PROJECT / ".cache" / "dependencies", project / ".cache/dependencies"
    )
    (project / "functions" / "core" / "added.py").write_text('"""New."""\n')
    monkeypatch.setattr(bundling, "_install", lambda *_: pytest.fail("pip was called"))

    changed = bundle(project=project)

    assert changed.name != asset.name
    assert (changed / "functions" / "core" / "added.py").is_file()


def test_old_assets_are_forgotten(tmp_path: Path) -> None:
    """A day's work is a hundred of them, and each is seven megabytes."""
    project = copy_of_the_project(tmp_path / "busy")
    shutil.copytree(
        PROJECT / ".cache" / "dependencies", project / ".cache/dependencies"
    )

    for n in range(bundling.KEPT + 2):
        (project / "functions" / "added.py").write_text(f"N = {n}\n")
        bundle(project=project)

    assert len(list((project / ".cache" / "asset").iterdir())) == bundling.KEPT
    assert (bundle(project=project) / "functions" / "added.py").read_text() == "N = 5\n"


def test_what_cannot_be_fetched_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of pip are kept, and no half of an asset is left to be found."""
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
        pytest.param("cp314-none-any", id="one interpreter's"),
    ],
)
def test_a_dependency_for_one_kind_of_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: str
) -> None:
    """The asset is for all of them: the deployed one, the local one, the next one."""
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
