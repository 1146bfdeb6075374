"""The command line client uploads files, saves results and completes its options."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ApiUnreachable, stream
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.display import Display
from verdict_courier.version import version

_RESULT = b'{"row":1}\n'
_JOB = {
    "job_id": "0" * 64,
    "provider": "txncheck",
    "type": "full-check",
    "phase": "running",
    "outcome": None,
    "error": None,
    "attempt": 1,
    "checks": 0,
    "rows": None,
    "next_check_at": None,
    "received_at": None,
    "submitted_at": None,
    "ended_at": None,
    "links": {"self": "/jobs/0", "execution": "https://console"},
}


class ApiWithResults(BaseHTTPRequestHandler):
    """An API and its S3; `bodies` of the requests are kept by path."""

    bodies: dict[str, bytes]
    keeps_names: bool

    def do_GET(self) -> None:
        """Respond with a result, or with the link to it."""
        if self.path == "/object":
            self._respond(_RESULT)
            return
        file = {
            "kind": "result",
            "key": "txncheck/kyc-by-mobile/0/result.jsonl",
            "rows": 1,
            "bytes": len(_RESULT),
            "sha256": hashlib.sha256(_RESULT).hexdigest(),
        }
        link = {"kind": "result", "href": f"{self._url()}/object"}
        self._respond(json.dumps({"manifest": {"files": [file]}, "links": [link]}))

    def do_POST(self) -> None:
        """Respond with an upload form or a job, or take a file."""
        if self.path == "/jobs":
            self.bodies["authorization"] = self.headers["Authorization"].encode()
        self.bodies[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        form: dict[str, Any] = {
            "url": f"{self._url()}/s3",
            "fields": {"policy": "p"},
            "max_bytes": 99,
            "key": "k",
        }
        if self.keeps_names:
            form["find_job"] = {"body": {"key": "k", "version_id": "…", "name": "n"}}
        self._respond(json.dumps(form if self.path == "/uploads" else _JOB))

    def log_message(self, *_args: object) -> None:
        """Log nothing."""

    def _url(self) -> str:
        return f"http://{self.headers['Host']}"

    def _respond(self, content: str | bytes) -> None:
        self.send_response(200)
        self.send_header("x-amz-version-id", "v")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(autouse=True)
def bodies(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Serve the API; return the bodies that the client sends, by path."""
    ApiWithResults.bodies = {}
    ApiWithResults.keeps_names = False
    with ThreadingHTTPServer(("127.0.0.1", 0), ApiWithResults) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        api = ApiClient.local(address)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: api
        )
        yield ApiWithResults.bodies
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        pytest.param("people.csv", "file.csv", id="a list"),
        pytest.param("Asha.json", "file.json", id="a request"),
        pytest.param("people.JSONL", "file.jsonl", id="a batch"),
    ],
)
def test_an_earlier_release_gets_only_the_extension_of_a_name(
    tmp_path: Path, bodies: dict[str, bytes], name: str, sent: str
) -> None:
    """It would put the rest, perhaps the name of a person, into the object's key."""
    file = tmp_path / name
    file.write_bytes(b"{}")

    code = main(
        ["submit", str(file), "--type=full-check", "--provider=txncheck", "--json"]
    )

    assert code == 0
    form: dict[str, Any] = json.loads(bodies["/uploads"])
    assert form == {"provider": "txncheck", "type": "full-check", "name": sent}
    assert Path(name).stem.encode() not in b"".join(bodies.values())


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Asha Rao.json", "Asha Rao.json"),
        ("liste é (1).json", "liste é (1).json"),
        ("two\nlines\x1b.json", "two\\nlines\\x1b.json"),
        ("n" * 250 + ".json", "n" * 250 + ".json"),
        ("\x01" * 240 + ".json", ("\\x01" * 240 + ".json")[-255:]),
    ],
    ids=["plain", "accent", "control characters", "long", "long when printed"],
)
def test_a_name_and_a_label_are_sent_to_who_keeps_them(
    tmp_path: Path, bodies: dict[str, bytes], file_name: str, name: str
) -> None:
    """People look for their file; its name must not be part of the object's key."""
    ApiWithResults.keeps_names = True
    file = tmp_path / file_name
    file.write_bytes(b"{}")

    code = main(
        [
            *("submit", str(file), "--type=full-check", "--provider=txncheck"),
            *("--label", "June, 2nd try", "--json"),
        ]
    )

    assert code == 0
    job = {"key": "k", "version_id": "v", "name": name, "label": "June, 2nd try"}
    assert json.loads(bodies["/jobs"]) == job
    assert json.loads(bodies["/uploads"])["name"] == "file.json"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ((), {}),
        (("--column", "E-Mail é"), {"column": "E-Mail é"}),
        (("--column=2", "--no-header"), {"column": "2", "header": False}),
        (("--header", "--fresh"), {"header": True, "fresh": True}),
        (("--send-unfit",), {"send_unfit": True}),
        (("--no-send-unfit",), {"send_unfit": False}),
    ],
)
def test_what_a_person_says_of_a_list_is_said_with_its_upload(
    tmp_path: Path,
    bodies: dict[str, bytes],
    words: tuple[str, ...],
    asked: dict[str, Any],
) -> None:
    """The upload starts the job, which a later request would find already read."""
    ApiWithResults.keeps_names = True
    file = tmp_path / "a.csv"
    file.write_bytes(b"email\n")

    assert main(["submit", str(file), "--type=email", "--json", *words]) == 0

    form = {"provider": "ipqs", "type": "email", "name": "file.csv"}
    assert json.loads(bodies["/uploads"]) == form | asked
    job = {"key": "k", "version_id": "v", "name": "a.csv"}
    assert json.loads(bodies["/jobs"]) == job


def test_a_label_is_refused_before_the_upload_by_an_earlier_release(
    tmp_path: Path, bodies: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """The label would be lost, or the paid job's request refused."""
    file = tmp_path / "a.csv"
    file.write_bytes(b"email\n")

    code = main(["submit", str(file), "--type=email", "--label=June"])

    assert code == 2
    assert "--label" in capsys.readouterr().err
    assert bodies.keys() == {"/uploads"}


def test_a_file_of_an_unknown_format_is_not_sent(
    tmp_path: Path, bodies: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """The API would refuse it too, with a message that helps less."""
    file = tmp_path / "list.xls"
    file.touch()

    with pytest.raises(SystemExit) as ended:
        main(["submit", str(file), "--type", "email"])

    assert ended.value.code == 2
    assert ".csv, .json, .jsonl, .tsv, .txt or .xlsx" in capsys.readouterr().err
    assert not bodies


def test_a_result_is_saved_under_its_own_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A JSON document called .csv opens in the wrong program."""
    code = main(["results", "0" * 64, "--download", str(tmp_path), "--json"])

    assert code == 0
    assert (tmp_path / "result.jsonl").read_bytes() == _RESULT
    assert "result.jsonl" in capsys.readouterr().out


def test_an_upload_has_the_fields_of_the_form_before_the_file(
    tmp_path: Path, bodies: dict[str, bytes]
) -> None:
    """S3 ignores every field that comes after the file."""
    file = tmp_path / "list.csv"
    file.write_bytes(b"email\n")

    main(["submit", str(file), "--type", "email", "--json"])

    policy, _, content = bodies["/s3"].partition(b'name="file"')
    assert b'name="policy"\r\n\r\np\r\n' in policy
    assert b"\r\n\r\nemail\n\r\n--" in content


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_every_option_is_completed(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option that is not completed looks as if it did not exist."""
    main(["completion", shell])

    script = capsys.readouterr().out
    for option in ("--wait", "--outcome", "--once", "--every", "--download"):
        assert option in script


def test_bash_completes_commands_and_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The script has to work in a shell, too."""
    main(["completion", "bash"])
    script = capsys.readouterr().out
    ask = (
        "COMP_WORDS=(courier {words}); COMP_CWORD={index}; COMPREPLY=(); "
        "_shtab_courier; echo ${{COMPREPLY[@]}};"
    )
    asked = ask.format(words="st", index=1) + ask.format(words="watch --o", index=2)

    shell = subprocess.run(
        ["/bin/bash", "-c", f"{script}\n{asked}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shell.stdout.splitlines() == ["status", "--once"]


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first question about a fault."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"courier {version()}\n"


def test_an_unreachable_host_is_reported_without_the_link() -> None:
    """A link is a secret: whoever reads it can fetch the result."""
    with pytest.raises(ApiUnreachable) as caught:
        b"".join(stream("http://127.0.0.1:9/secret?signature=secret"))

    assert "No answer from the API: [Errno" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_netrc_file_does_not_replace_the_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bodies: dict[str, bytes]
) -> None:
    """By default, requests takes a password from it and drops our header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    file = tmp_path / "list.csv"
    file.write_bytes(b"email\n")

    main(["submit", str(file), "--type", "email", "--json"])

    assert bodies["authorization"].startswith(b"AWS4-HMAC-SHA256 ")


@pytest.mark.parametrize(
    ("retry", "shown"),
    [
        ({"resends": 3, "resumes": 2}, True),
        (None, False),
    ],
)
def test_what_a_retry_pays_for_is_shown_before_it(
    capsys: pytest.CaptureFixture[str], retry: dict[str, int] | None, shown: bool
) -> None:
    """Nobody is asked once more whether to pay for requests again."""
    names = ("checks", "rows", "received_at", "submitted_at", "ended_at", "deadline_at")
    job = {
        **_JOB,
        **dict.fromkeys(names),
        "outcome": "partial",
        "retry": retry,
        "links": {"execution": "https://console"},
    }

    Display(as_json=False).job(job)

    line = "sends 3 requests again (paid again), continues 2"
    assert (line in capsys.readouterr().out) == shown
