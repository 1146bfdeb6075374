"""Supply chain: what is dangerous is found, and silence is not taken for health."""

import json
import subprocess
from typing import Any

import pytest

from tools import supply_chain

#: Invented, in the form of real ones; put together here, so that no scanner finds them.
PLANTED = {
    "AWS Access Key": "key = 'AKI" + "AIOSFODNN7EXAMPLE'",
    "GitHub Token": "token ghp_" + "x1" * 18,
    "Private Key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "Slack Token": "xoxb-" + "123456789012-123456789012-abcdefABCDEF",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found(kind: str) -> None:
    """The search must be able to find what it looks for."""
    found = list(supply_chain.find_secrets({PLANTED[kind]: "abc1234"}))

    assert ("abc1234", kind) in found


def test_ordinary_lines_are_no_secrets() -> None:
    """A check that cries at every line is switched off."""
    lines = dict.fromkeys(("api_key = settings.secret", "sha256:" + "a1" * 32), "abc")

    assert not list(supply_chain.find_secrets(lines))


@pytest.mark.fault(96)
@pytest.mark.parametrize(
    ("package", "code", "said"),
    [
        ({"name": "a", "version": "1", "vulns": []}, 0, "1 packages audited, 0 weak"),
        ({"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}, 1, "a 1: CVE-1"),
        ({"name": "a", "skip_reason": "not found"}, 0, "SKIPPED on 20"),
    ],
    ids=["sound", "weak", "unknown"],
)
def test_a_weakness_fails_and_silence_is_said(
    package: dict[str, Any],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A published weakness must not pass, nor what nobody judged look sound."""
    _answer(monkeypatch, json.dumps({"dependencies": [package]}))

    assert supply_chain.audit() == code
    assert said in capsys.readouterr().out


@pytest.mark.fault(96)
def test_a_database_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads the log must see that nothing was checked, and when."""
    _answer(monkeypatch, "")

    assert supply_chain.audit() == 0
    assert "SKIPPED on 20" in capsys.readouterr().out


def test_the_bill_of_materials_names_every_package_with_its_hashes() -> None:
    """A scanner looks up what is deployed by name, version and hash."""
    paths = [supply_chain.ROOT / name for name in supply_chain.ASSET_LOCKS]
    assert set(paths) == set((supply_chain.ROOT / "functions").glob("*.lock"))
    locks = [path.read_text() for path in paths]

    components = supply_chain.bill_of_materials(*locks).components

    lines = "\n".join(locks).splitlines()
    names = {line.partition("==")[0] for line in lines if "==" in line}
    assert {component.name for component in components} == names
    assert all(component.hashes for component in components)


def _answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, stdout=text, stderr="no route")

    monkeypatch.setattr(subprocess, "run", run)
