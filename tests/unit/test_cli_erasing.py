"""The command line erases a job once somebody has said that it is meant."""

from typing import Any
from unittest.mock import Mock

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

_ID = "0123456789ab" + "0" * 52
_JOB: dict[str, Any] = {
    "job_id": _ID,
    "provider": "ipqs",
    "type": "email",
    "name": "Kunden.xlsx",
    "outcome": "succeeded",
    "erased_at": None,
}


class Api(Mock):
    """An API that erases a job in two calls."""

    erased: int

    def call(self, method: str, path: str) -> dict[str, Any]:
        """Return the job."""
        if method == "GET":
            assert path == f"/jobs/{_ID[:12]}"
            return _JOB
        assert (method, path) == ("POST", f"/jobs/{_ID}/erase")
        self.erased += 1
        return {
            **_JOB,
            "erased_at": "2026-11-26T10:00:00Z" if self.erased > 1 else None,
        }


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Return the API to which the command line is connected."""
    api = Api(spec=ApiClient)
    api.erased = 0
    monkeypatch.setattr("verdict_courier.cli.__main__.connect", lambda *_, **__: api)
    return api


def test_it_erases_until_all_is_gone(api: Api) -> None:
    """One call of the API ends after some thousand objects."""
    assert main(["--json", "erase", _ID[:12], "--yes"]) == ExitCode.DONE

    assert api.erased == 2


def test_a_script_has_to_mean_it(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody can be asked, and nothing brings it back."""
    assert main(["erase", _ID[:12]]) == ExitCode.MISUSED

    assert "--yes" in capsys.readouterr().err
    assert not api.erased


@pytest.mark.parametrize(("answer", "calls"), [(True, 2), (False, 0)])
def test_a_person_is_asked(
    api: Api, monkeypatch: pytest.MonkeyPatch, answer: bool, calls: int
) -> None:
    """The question names the file, which people know better than the id."""
    question = Mock(return_value=answer)
    monkeypatch.setattr("verdict_courier.cli.erasing.asks", lambda: True)
    monkeypatch.setattr("verdict_courier.cli.erasing.says_yes", question)

    assert main(["--json", "erase", _ID[:12]]) == ExitCode.DONE

    assert "Kunden.xlsx" in question.call_args.args[0]
    assert api.erased == calls
