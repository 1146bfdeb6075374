"""`make provider` adds a provider that passes the contract suite."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.provider import FILES, INSERTIONS, NotAdded, add

ROOT = Path(__file__).parents[2]
#: What the contract suite, the generator and ruff read.
_PARTS = ("client", "functions", "infra", "local", "tests", "tools", "docs/providers")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project to which a provider was added by the command."""
    root = tmp_path_factory.mktemp("project")
    left_out = shutil.ignore_patterns("__pycache__", "node_modules")
    for part in _PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=left_out)
    for file in ("cdk.json", "pyproject.toml"):
        shutil.copyfile(ROOT / file, root / file)
    ran = run(root, "-m", "tools.provider", "zenith")
    assert ran.returncode == 0, ran.stderr
    return root


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python in the copy."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'client'}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_provider_passes_the_contract_suite(copy: Path) -> None:
    """Whoever adds one begins with something that works, and sees what breaks it."""
    suite = ("tests/contract/test_round_trip.py", "tests/contract/test_failures.py")

    ran = run(
        copy, "-m", "pytest", "-q", "-k", "zenith", "-p", "no:cacheprovider", *suite
    )

    assert ran.returncode == 0, ran.stdout[-4000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    assert int(passed[1]) > 90


def test_a_new_provider_follows_the_rules_of_the_code(copy: Path) -> None:
    """Only adapters name it, and `make provider` leaves nothing to ruff."""
    written = [
        path.replace("acme", "zenith")
        for path in {*FILES, *(insertion.path for insertion in INSERTIONS)}
        if path.endswith(".py")
    ]
    ruff = ("-m", "ruff")

    assert run(copy, *ruff, "check", "-q", "--fix", *written).returncode == 0
    assert run(copy, *ruff, "format", "-q", *written).returncode == 0
    linted = run(copy, *ruff, "check", "-q", *written)
    rules = "tests/unit/test_architecture.py"
    own = "zenith or provider_settings or registry or only_adapters"
    ran = run(copy, "-m", "pytest", "-q", "-k", own, "-p", "no:cacheprovider", rules)

    assert linted.returncode == 0, linted.stdout
    assert ran.returncode == 0, ran.stdout[-4000:]


def test_the_document_lists_what_is_written() -> None:
    """It is where people look for what a provider consists of."""
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = document.partition("**A provider.**")[2].partition("**A setting.**")[0]

    for path in {*FILES, *(insertion.path for insertion in INSERTIONS)}:
        if not path.endswith("__init__.py"):
            assert f"`{path.replace('acme', 'NAME')}`" in section, path


@pytest.mark.parametrize("name", ["", "Acme", "my-provider", "a", "../x", "ipqs"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is half written."""
    shutil.copytree(
        ROOT / "functions" / "providers" / "ipqs", tmp_path / "functions/providers/ipqs"
    )

    with pytest.raises(NotAdded):
        add(name, root=tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["functions"]
