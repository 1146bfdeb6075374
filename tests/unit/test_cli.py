"""The command line client sends any file that is taken, and saves what it is given."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials
from verdict_courier.api_client import Api
from verdict_courier.cli.__main__ import main

_RESULT = b'{"row":1}\n'
_JOB = {
    "job_id": "0" * 64,
    "provider": "txncheck",
    "type": "full-check",
    "outcome": None,
    "error": None,
}


class Answers(BaseHTTPRequestHandler):
    """An API and the S3 behind it; `asked` are the bodies that came."""

    asked: dict[str, bytes]

    def do_GET(self) -> None:
        """Give a result, or what there is to fetch."""
        if self.path == "/object":
            self._answer(_RESULT)
            return
        file = {
            "kind": "result",
            "key": "txncheck/kyc-by-mobile/0/result.jsonl",
            "sha256": hashlib.sha256(_RESULT).hexdigest(),
        }
        link = {"kind": "result", "href": f"{self._here()}/object"}
        self._answer(json.dumps({"manifest": {"files": [file]}, "links": [link]}))

    def do_POST(self) -> None:
        """Give a form, take a file, know its job."""
        self.asked[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        form = {"url": f"{self._here()}/s3", "fields": {}, "max_bytes": 99, "key": "k"}
        self._answer(json.dumps(form if self.path == "/uploads" else _JOB))

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def _here(self) -> str:
        return f"http://{self.headers['Host']}"

    def _answer(self, content: str | bytes) -> None:
        self.send_response(200)
        self.send_header("x-amz-version-id", "v")
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Give what the client sent to these answers, by path."""
    Answers.asked = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        api = Api(address, region="r", who=Credentials("a", "b"))
        monkeypatch.setattr("verdict_courier.cli.__main__.api_of", lambda *_, **__: api)
        yield Answers.asked
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        pytest.param("people.csv", "file.csv", id="a list"),
        pytest.param("Asha.json", "file.json", id="a request"),
        pytest.param("people.JSONL", "file.jsonl", id="a batch"),
    ],
)
def test_a_file_keeps_its_ending_and_nothing_else_of_its_name(
    tmp_path: Path, asked: dict[str, bytes], name: str, sent: str
) -> None:
    """The ending says what is in it; the rest may be somebody's name."""
    file = tmp_path / name
    file.write_bytes(b"{}")

    code = main(
        ["submit", str(file), "--type", "x", "--provider", "txncheck", "--json"]
    )

    assert code == 0
    form: dict[str, Any] = json.loads(asked["/uploads"])
    assert form == {"provider": "txncheck", "type": "x", "name": sent}
    assert Path(name).stem.encode() not in b"".join(asked.values())


def test_a_file_of_another_kind_is_not_sent(
    tmp_path: Path, asked: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """The API would refuse it too, in words that help less."""
    file = tmp_path / "list.xlsx"
    file.touch()

    with pytest.raises(SystemExit) as ended:
        main(["submit", str(file), "--type", "email"])

    assert ended.value.code == 2
    assert ".csv or .json or .jsonl" in capsys.readouterr().err
    assert not asked


def test_a_result_is_saved_under_the_name_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A JSON document called .csv opens in the wrong program."""
    code = main(["results", "0" * 64, "--download", str(tmp_path), "--json"])

    assert code == 0
    assert (tmp_path / "result.jsonl").read_bytes() == _RESULT
    assert "result.jsonl" in capsys.readouterr().out


def test_every_option_is_completed(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that completion does not know looks as if there were none."""
    main(["completion"])

    completed = capsys.readouterr().out
    for option in ("--wait", "--outcome", "--once", "--every", "--download"):
        assert option in completed
