"""The command line forgets any number of values, in requests that the API takes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from verdict_courier.api_client import ApiClient, ApiError
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

_FORGET = ["forget", "--type", "email"]


class Api(Mock):
    """An API that knows each value that it is asked to forget."""

    bodies: list[Mapping[str, Any]]

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, int]:
        """Note the request; refuse what holds the value `refused`."""
        assert (method, path) == ("POST", "/memory/forget")
        assert len(json.dumps(body).encode()) <= 16 * 1024
        assert 0 < len(body["values"]) <= 100
        if "refused" in body["values"]:
            raise ApiError({"title": "no", "status": 500})
        self.bodies.append(body)
        return {"values": len(body["values"]), "forgotten": len(body["values"])}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Return the API to which the command line is connected."""
    api = Api(spec=ApiClient)
    api.bodies = []
    monkeypatch.setattr("verdict_courier.cli.__main__.connect", lambda *_, **__: api)
    return api


def test_values_come_from_the_line_and_from_a_file(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a table the first column; blank lines are none."""
    file = tmp_path / "more.csv"
    file.write_text("\ufeffemail,name\n\n b@x.example ,B\n,C\n")

    assert main([*_FORGET, "a@x.example", "--file", str(file)]) == ExitCode.DONE

    assert api.bodies == [
        {
            "provider": "ipqs",
            "type": "email",
            "values": ["a@x.example", "email", "b@x.example"],
        }
    ]
    assert capsys.readouterr().out == "values\t3\nforgotten\t3\n"


@pytest.mark.parametrize("length", [10, 1000])
def test_any_number_of_values_is_forgotten(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    """In pieces, which the API takes by their number and by their size."""
    values = [f"{number:0{length}}" for number in range(250)]
    file = tmp_path / "values.txt"
    file.write_text("\n".join(values))

    main([*_FORGET, "--file", str(file), "--json"])

    assert [value for body in api.bodies for value in body["values"]] == values
    assert json.loads(capsys.readouterr().out) == {"values": 250, "forgotten": 250}


def test_what_was_forgotten_before_a_failure_is_said(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is gone, whatever became of the rest."""
    values = [*("a@x.example" for _ in range(100)), "refused"]

    assert main([*_FORGET, *values]) == ExitCode.REFUSED

    assert capsys.readouterr().out == "values\t101\nforgotten\t100\n"
    assert len(api.bodies) == 1


@pytest.mark.parametrize("content", [None, b"\n\n", b"\xff\n"])
def test_without_values_nothing_is_asked(
    api: Api, tmp_path: Path, content: bytes | None
) -> None:
    """It is a mistake in the line, or another kind of file."""
    more = []
    if content is not None:
        (tmp_path / "values.csv").write_bytes(content)
        more = ["--file", str(tmp_path / "values.csv")]

    assert main([*_FORGET, *more]) == ExitCode.MISUSED

    assert not api.bodies
