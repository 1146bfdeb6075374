"""The command line says what came of a check, in words and by its exit code."""

import json
from typing import Any
from unittest.mock import Mock

import pytest
from verdict_courier.api_client import ApiClient, ApiError
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

_ID = "0123456789ab"
_ANSWER: dict[str, Any] = {
    "job_id": _ID + "0" * 52,
    "asked_at": "2026-11-26T10:00:00Z",
    "woken": False,
    "phase": "running",
    "error": None,
    "next_check_at": "2026-11-26T10:05:00Z",
}
_SAYS = "The provider says: running."
_WOKEN = {**_ANSWER, "woken": True, "phase": None, "next_check_at": None}
_DOWN = {
    **_ANSWER,
    "phase": None,
    "error": {"name": "ProviderUnavailable", "advice": "Do nothing."},
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Return the API to which the command line is connected."""
    api = Mock(spec=ApiClient)
    monkeypatch.setattr("verdict_courier.cli.__main__.connect", lambda *_, **__: api)
    return api


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (
            _ANSWER,
            ExitCode.DONE,
            _SAYS + " The job itself asks at 2026-11-26 10:05:00 UTC.",
        ),
        (
            _WOKEN,
            ExitCode.DONE,
            "The job no longer waits for its webhook, and asks the provider now.",
        ),
        (
            _DOWN,
            ExitCode.REFUSED,
            "The provider did not say: ProviderUnavailable. Do nothing.",
        ),
    ],
)
def test_it_says_what_came_of_it(
    api: Mock,
    capsys: pytest.CaptureFixture[str],
    answer: dict[str, Any],
    code: ExitCode,
    text: str,
) -> None:
    """People read the sentence, and scripts the code or the JSON."""
    api.call.return_value = answer

    assert main(["--utc", "check", _ID]) == code
    assert " ".join(capsys.readouterr().out.split()) == text
    assert main(["--json", "check", _ID]) == code
    assert json.loads(capsys.readouterr().out) == answer
    api.call.assert_called_with("POST", f"/jobs/{_ID}/check")


def test_a_refusal_is_not_repeated(
    api: Mock, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says when to ask again; to repeat it meanwhile would be refused as well."""
    title, detail = "The job cannot be checked again yet.", "Ask again in 30 s."
    api.call.side_effect = ApiError({"title": title, "status": 429, "detail": detail})

    assert main(["check", _ID]) == ExitCode.REFUSED

    assert detail in capsys.readouterr().err
    assert api.call.call_count == 1
