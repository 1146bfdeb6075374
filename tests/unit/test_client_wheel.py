"""The client's wheel: it has the command and nothing else of the project."""

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

import pytest
import uv
from verdict_courier.cli import endpoints
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from tests.unit.test_client_package import LIBRARIES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "client" / "verdict_courier"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
_RUN = """
import sys
from importlib.metadata import distribution
(script,) = distribution("verdict-courier").entry_points
sys.argv = [script.name, *sys.argv[1:]]
sys.exit(script.load()())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel as pip would, but with the locked backend and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [uv.find_uv_bin(), "build", "--wheel", "--offline", "--out-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_the_wheel_is_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """An import of `functions` or `local` must not be another project's by surprise."""
    content = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    files = {name for name in wheel.namelist() if not name.endswith("/")}
    own = {name for name in files if ".dist-info/" not in name}

    assert {name: wheel.read(name) for name in own} == content
    assert {name.partition("/")[0] for name in files} == {
        "verdict_courier",
        f"verdict_courier-{PROJECT['project']['version']}.dist-info",
    }
    assert any(name.endswith("/licenses/LICENSE") for name in files)


def test_the_wheel_asks_for_the_libraries_of_the_client_only(
    wheel: zipfile.ZipFile,
) -> None:
    """An analyst installs no CDK, and nothing that a test needs."""
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())
    asked = metadata.get_all("Requires-Dist", [])
    groups = PROJECT["dependency-groups"]

    assert asked == PROJECT["project"]["dependencies"]
    assert set(asked) <= set(groups["run"])
    # Those of `LIBRARIES` that are not named come with others.
    names = {line.split(">")[0].split("=")[0] for line in asked}
    assert names == LIBRARIES - {"botocore", "markdown_it"}


def test_the_installed_command_runs_without_the_repository(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """Its version and its types come from files that the package must have with it."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    wheel.extractall(site)

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *words],
            cwd=empty,
            env={"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    assert run("--version") == f"0 courier {PROJECT['project']['version']}\n"
    assert "txncheck: bank-verification-pennyless" in run("submit", "--help")
    assert f"there is no {empty}/.local/stack.json" in run("list")


def test_an_installed_client_finds_the_stack_of_the_clone_it_is_called_in(
    tmp_path: Path,
) -> None:
    """Who works in a folder of the clone need not go up to its root first."""
    clone, inner = tmp_path / "clone", tmp_path / "clone" / "docs" / "more"
    (clone / ".local").mkdir(parents=True)
    inner.mkdir(parents=True)
    record = clone / ".local" / "stack.json"
    record.write_text("{}")

    assert endpoints.find_record(tmp_path / "site", clone) == record
    assert endpoints.find_record(tmp_path / "site", inner) == record
    # A clone's own client speaks to its own stack, wherever it is called.
    (tmp_path / "pyproject.toml").touch()
    own = tmp_path / ".local" / "stack.json"
    assert endpoints.find_record(tmp_path, inner) == own


def test_the_stage_of_the_environment_is_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An analyst has one stack, and need not name it in every command."""
    stages = []

    def connect(stage: str, **_: object) -> None:
        stages.append(stage)
        raise OSError(0, "far enough")

    monkeypatch.setattr("verdict_courier.cli.__main__.connect", connect)
    monkeypatch.setenv("COURIER_STAGE", "prod")

    main(["list"])
    main(["list", "--stage=dev"])

    assert stages == ["prod", "dev"]
    with pytest.raises(SystemExit):
        main(["list", "--help"])
    assert "default: prod" in capsys.readouterr().out


def test_a_record_of_another_user_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of all, somebody else could have laid it, to get the lists."""
    record = tmp_path / "stack.json"
    record.write_text('{"api_url": "https://theirs.example/"}')
    monkeypatch.setattr(endpoints, "RECORD", record)
    monkeypatch.setattr("os.getuid", lambda: record.stat().st_uid + 1)

    assert main(["list"]) == ExitCode.UNREACHABLE

    assert "is not what `make up` writes" in capsys.readouterr().err
