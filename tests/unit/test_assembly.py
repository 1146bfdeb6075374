"""The CDK app is synthesized wherever the user's own folder is, or says why not."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

import pytest

from local import assembly
from local.assembly import SynthFailed, synthesize


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Return what the process of the app gets, as soon as it is started."""
    given: dict[str, str] = {}

    def run(*_: object, env: Mapping[str, str], **__: object) -> CompletedProcess[str]:
        given.update(env)
        return CompletedProcess([], 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(assembly, "_ROOT", tmp_path / "clone")
    return given


@pytest.mark.parametrize("home", ["/dev/null/none", "/proc/none", ""])
def test_an_unusable_home_is_replaced(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    home: str,
) -> None:
    """The CDK's runtime was silent in it, in one case for 21 minutes."""
    monkeypatch.setenv("HOME", home)

    synthesize("local", tmp_path)

    assert environment["HOME"] == str(tmp_path / "clone" / ".cache" / "home")
    assert Path(environment["HOME"]).is_dir()


def test_a_usable_home_is_kept(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has the runtime's cache, which saves a minute."""
    monkeypatch.setenv("HOME", str(tmp_path))

    synthesize("local", tmp_path)

    assert environment["HOME"] == str(tmp_path)


def test_a_stack_of_this_machine_starts_without_cloudformations_rules(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """They are for what is deployed, and take half of the time of a synth."""
    synthesize("local", tmp_path)

    assert environment["CDK_VALIDATION"] == "false"


def test_an_app_that_does_not_end_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever waits for it should not have to decide when it hangs."""

    def run(*_: object, timeout: float, **__: object) -> CompletedProcess[str]:
        raise TimeoutExpired("app", timeout)

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(SynthFailed, match="has run for 15 minutes"):
        synthesize("local", tmp_path)
