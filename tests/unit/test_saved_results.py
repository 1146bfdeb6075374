"""Results are saved whole or not at all, and files move with bounded memory."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ApiError, ApiUnreachable, upload
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.results import listed_results

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_MEBIBYTE = 1024 * 1024
_CONTENT = b"email\n" + b"a@example.com\n" * 100


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API and its S3, to which the command line is connected."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        yield server


def results(url: str, content: bytes = _CONTENT, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the API's list of one result, as it describes the content."""
    file = {
        "kind": "all",
        "key": f"ipqs/email/{_ID}/all.csv",
        "rows": 100,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return {
        "manifest": {"files": [file | changes], "rows": {"verdict": "complete"}},
        "links": [{"kind": "all", "href": f"{url}/object"}],
    }


def serve(
    api: ScriptedServer,
    body: Iterable[bytes],
    *,
    length: int | None,
    **file: Any,  # noqa: ANN401 - any JSON
) -> None:
    """Serve a result whose body may be another one than the manifest describes."""
    headers = {} if length is None else {"Content-Length": str(length)}
    api.answers["/object"] = Answer(body=body, headers=headers)
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(results(api.url, **file))


def download(folder: Path) -> int:
    """Run the command that downloads the results."""
    return main(["results", _ID, "--download", str(folder)])


def test_a_result_is_saved(api: ScriptedServer, tmp_path: Path) -> None:
    """Under its own name, beside the manifest, and readable like other files."""
    serve(api, [_CONTENT[:50], _CONTENT[50:]], length=len(_CONTENT))
    other = tmp_path / "other"
    other.touch()

    assert download(tmp_path / "out") == ExitCode.DONE

    saved, manifest = sorted((tmp_path / "out").iterdir())
    assert (saved.name, manifest.name) == ("all.csv", "manifest.json")
    assert saved.read_bytes() == _CONTENT
    assert saved.stat().st_mode == other.stat().st_mode


def several(api: ScriptedServer, *kinds: str) -> None:
    """Serve results of several kinds with the same content."""
    api.answers["/object"] = Answer(body=[_CONTENT])
    files, links = [], []
    for kind in kinds:
        (file,) = results(api.url)["manifest"]["files"]
        files.append({**file, "kind": kind, "key": f"ipqs/email/{_ID}/{kind}.csv"})
        links.append({"kind": kind, "href": f"{api.url}/object"})
    manifest = {"files": files, "rows": {"verdict": "complete"}}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(
        {"manifest": manifest, "links": links}
    )


def test_the_manifest_and_the_joined_rows_come_first(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are what most people want, and may be all that they wait for."""
    several(api, "all", "clean", "joined", "joined-parquet")

    assert download(tmp_path) == ExitCode.DONE

    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert shown[:4] == ["joined", "joined-parquet", "all", "clean"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert len(manifest["files"]) == 4


def test_only_the_kinds_that_are_named_are_downloaded(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """A list may have gigabytes in files that nobody needs."""
    several(api, "all", "clean", "joined")
    options = ("--only", "joined", "--only", "clean")

    assert main(["results", _ID, "--download", str(tmp_path), *options]) == 0

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"manifest.json", "joined.csv", "clean.csv"}


def test_a_kind_that_is_not_there_is_said_with_those_that_are(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is downloaded for a word that was mistyped."""
    several(api, "joined", "all")
    options = ("--download", str(tmp_path / "out"), "--only", "jioned")

    assert main(["results", _ID, *options]) == ExitCode.MISUSED

    assert "there is no jioned, but joined, all" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("body", "length", "code", "said"),
    [
        pytest.param(
            [_CONTENT[:-1]],
            len(_CONTENT),
            ExitCode.UNREACHABLE,
            "broke off",
            id="cut, with a length",
        ),
        pytest.param(
            [_CONTENT[:700]],
            None,
            ExitCode.UNREACHABLE,
            "ended after 700 bytes of 1,406",
            id="cut, without a length",
        ),
        pytest.param([], 0, ExitCode.UNREACHABLE, "ended after 0 bytes", id="nothing"),
        pytest.param(
            [_CONTENT.replace(b"a@", b"b@")],
            len(_CONTENT),
            ExitCode.REFUSED,
            "all differs from the manifest",
            id="other bytes",
        ),
        pytest.param(
            iter(lambda: b"x" * 100_000, b""),
            None,
            ExitCode.REFUSED,
            "all differs from the manifest",
            id="without an end",
        ),
    ],
)
def test_a_result_that_is_not_whole_is_not_saved(
    api: ScriptedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    body: Iterable[bytes],
    length: int | None,
    code: ExitCode,
    said: str,
) -> None:
    """It would be taken for the result; what was saved before stays."""
    serve(api, body, length=length)
    (tmp_path / "all.csv").write_text("saved before")

    assert download(tmp_path) == code

    assert said in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"all.csv", "manifest.json"}
    assert (tmp_path / "all.csv").read_text() == "saved before"
    assert (tmp_path / "all.csv").read_text() == "saved before"


_LONG = b"email\n" + b"a@example.com\n" * 30_000
#: What is passed on of it before the cut: whole chunks only.
_PASSED = 256 * 1024


def serve_cut(api: ScriptedServer, rest: Answer) -> None:
    """Serve a long result that is cut once, and this rest of it afterwards."""

    def body() -> Iterator[bytes]:
        yield _LONG[: _PASSED + 50]
        api.answers["/object"] = rest

    serve(api, body(), length=len(_LONG), content=_LONG)


def rest_from(first: int, *, status: int = 206) -> Answer:
    """Return the part of the long result from a byte on, as S3 answers a range."""
    headers = {"Content-Range": f"bytes {first}-{len(_LONG) - 1}/{len(_LONG)}"}
    return Answer(status=status, headers=headers, body=[_LONG[first:]])


def test_a_transfer_that_breaks_off_goes_on_where_it_did(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """A gigabyte over a weak line would otherwise never come."""
    serve_cut(api, rest_from(_PASSED))

    assert download(tmp_path) == ExitCode.DONE

    assert (tmp_path / "all.csv").read_bytes() == _LONG
    ranges = [headers.get("Range") for path, headers in api.requests if "obj" in path]
    assert ranges == [None, f"bytes={_PASSED}-"]


@pytest.mark.parametrize(
    "rest",
    [rest_from(0, status=200), rest_from(_PASSED - 1), Answer(status=403)],
    ids=["all of it", "another part", "a spent link"],
)
def test_what_is_not_the_rest_is_not_put_behind_the_beginning(
    api: ScriptedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rest: Answer,
) -> None:
    """Its hash would be wrong, and the error say nothing of the transfer."""
    serve_cut(api, rest)

    assert download(tmp_path) == ExitCode.UNREACHABLE

    assert "broke off" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_transfer_that_breaks_off_again_and_again_ends(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """A server that never sends the last byte must not be asked for ever."""
    headers = {"Content-Range": f"bytes {_PASSED}-9/10", "Content-Length": "99"}
    serve_cut(api, Answer(status=206, headers=headers, body=[b""]))

    assert download(tmp_path) == ExitCode.UNREACHABLE

    assert len([path for path, _ in api.requests if "obj" in path]) == 5


def test_a_large_result_takes_little_memory(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """A result may be larger than the memory of the machine."""
    chunk, count = bytes(_MEBIBYTE), 64
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(chunk)
    size = count * _MEBIBYTE
    serve(
        api,
        (chunk for _ in range(count)),
        length=size,
        bytes=size,
        sha256=digest.hexdigest(),
    )

    tracemalloc.start()
    try:
        code = download(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert code == ExitCode.DONE
    assert (tmp_path / "all.csv").stat().st_size == size
    assert peak < 16 * _MEBIBYTE


def test_a_large_file_is_uploaded_with_little_memory(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """The form around it is no reason to hold it twice."""
    file = tmp_path / "list.csv"
    with file.open("wb") as opened:
        opened.truncate(64 * _MEBIBYTE)
    api.answers["/s3"] = Answer(status=204, headers={"x-amz-version-id": "v"})
    form = {"url": f"{api.url}/s3", "fields": {"policy": "p"}}

    tracemalloc.start()
    try:
        version_id = upload(form, file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert version_id == "v"
    assert int(api.requests[-1][1]["Content-Length"]) > 64 * _MEBIBYTE
    assert peak < 16 * _MEBIBYTE


@pytest.mark.parametrize(
    "key",
    ["a/..", "/", "", "a/.bashrc", "a/x\x1b[2J", "a/x y", "a/" + "x" * 300],
)
def test_a_name_from_outside_is_no_path(
    api: ScriptedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    key: str,
) -> None:
    """A result must land in the folder that was named, and nowhere else."""
    serve(api, [_CONTENT], length=len(_CONTENT), key=key)

    assert download(tmp_path / "out") == ExitCode.UNREACHABLE

    assert "not that of the API" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "changes",
    [{"bytes": "many"}, {"kind": "other"}, {"kind": None}, {"key": None}],
    ids=str,
)
def test_a_list_that_is_not_one_of_results_is_said_so(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    """A traceback says nothing about what answered."""
    serve(api, [_CONTENT], length=len(_CONTENT), **changes)

    assert main(["results", _ID]) == ExitCode.UNREACHABLE

    assert "not that of the API" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk or a missing right is no fault of the API."""
    serve(api, [_CONTENT], length=len(_CONTENT))
    (tmp_path / "file").touch()

    assert download(tmp_path / "file" / "out") == ExitCode.MISUSED

    assert f"{tmp_path / 'file' / 'out'}: Not a directory" in capsys.readouterr().err


def test_the_last_chunk_of_a_wrong_result_is_never_passed_on() -> None:
    """The page's browser has it on disk before the check can be made."""
    (result,) = listed_results(results("https://s3"))
    half = len(_CONTENT) // 2
    wrong = [_CONTENT[:half], _CONTENT[half:-1] + b"!"]
    short = [_CONTENT[:half], _CONTENT[half:-1]]

    for chunks, error in ((wrong, ApiError), (short, ApiUnreachable)):
        passed = result.verified(chunks)
        assert next(passed) == _CONTENT[:half]
        with pytest.raises(error):
            next(passed)


def test_two_results_with_one_name_are_refused() -> None:
    """The second would overwrite the first, and only one of them be left."""
    response = results("https://s3")
    (file,) = response["manifest"]["files"]
    response["manifest"]["files"].append({**file, "kind": "bad", "key": "b/all.csv"})
    response["links"].append({"kind": "bad", "href": "https://s3/object"})

    with pytest.raises(ApiUnreachable, match="two results with one name"):
        listed_results(response)


_SAID = [
    {
        "row": 1,
        "outcome": "failed",
        "error": "ProviderDeclined",
        "message": "no\x1b[2J",
    },
    {"row": 2, "outcome": "invalid", "error": "RequestInvalid", "reason": "mobile: no"},
    {"row": 3, "outcome": "cancelled", "error": ""},
]


def serve_failure(api: ScriptedServer, *lines: object) -> None:
    """Serve a job that has no results, but what the provider said."""
    path = f"/jobs/{_ID}"
    links = {**JOB["links"], "error": f"{path}/error"}
    api.answers[path] = Answer.json({**JOB, "outcome": "failed", "links": links})
    problem = {"type": "x:results-not-ready", "title": "The job has no results yet."}
    api.answers[f"{path}/results"] = Answer.json(problem, status=409)
    link = {"job_id": _ID, "key": "p/t/error.jsonl", "href": f"{api.url}/said"}
    api.answers[f"{path}/error"] = Answer.json(link)
    api.answers["/said"] = Answer(
        body=[json.dumps(line).encode() + b"\n" for line in lines]
    )


def test_results_of_a_failed_job_say_why(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The provider's words say which row to correct; a terminal does not obey them."""
    serve_failure(api, *_SAID)

    code = main(["results", _ID])

    assert code == ExitCode.NO_RESULTS
    assert capsys.readouterr().out.splitlines() == [
        "row 1\tProviderDeclined: no\\x1b[2J",
        "row 2\tRequestInvalid: mobile: no",
        "row 3\tcancelled",
    ]


def serve_attempts(api: ScriptedServer, *, expired: bool = False) -> None:
    """Serve a job whose second attempt failed for another reason than the first."""
    serve_failure(api, {"error": "ProviderDeclined", "message": "not found"})
    path = f"/jobs/{_ID}"
    links = {"error": f"{path}/error?attempt=1"}
    earlier = {
        "attempt": 1,
        "outcome": "failed",
        "error": "ProviderFailed",
        "links": links,
    }
    job = json.loads(b"".join(api.answers[path].body))
    api.answers[path] = Answer.json({**job, "earlier_attempts": [earlier]})
    link = {"job_id": _ID, "key": "p/t/error.json", "href": f"{api.url}/said-first"}
    problem = {"type": "x:results-expired", "title": "The results are gone."}
    api.answers[f"{path}/error?attempt=1"] = (
        Answer.json(problem, status=410) if expired else Answer.json(link)
    )
    said = {"error": "ProviderFailed", "message": "try later"}
    api.answers["/said-first"] = Answer(body=[json.dumps(said).encode()])


@pytest.mark.parametrize(
    ("arguments", "expired", "first"),
    [
        ([], False, "attempt 1\tProviderFailed: try later"),
        (["--errors"], False, "attempt 1\tProviderFailed: try later"),
        ([], True, "attempt 1\tProviderFailed: The results are gone."),
    ],
)
def test_every_attempt_says_why(
    api: ScriptedServer,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expired: bool,
    first: str,
) -> None:
    """The latest comes first, as before; one that is gone hides no other."""
    serve_attempts(api, expired=expired)

    main(["results", _ID, *arguments])

    assert capsys.readouterr().out.splitlines() == [
        "error\tProviderDeclined: not found",
        first,
    ]


def test_errors_can_be_read_beside_results(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retry that succeeds does not make the first attempt's reason unreadable."""
    serve_attempts(api)
    path = f"/jobs/{_ID}"
    job = json.loads(b"".join(api.answers[path].body))
    links = {name: job["links"][name] for name in ("self", "execution")}
    done = {**job, "outcome": "succeeded", "links": links}
    api.answers[path] = Answer.json(done)

    assert main(["results", _ID, "--errors"]) == ExitCode.DONE

    assert capsys.readouterr().out == "attempt 1\tProviderFailed: try later\n"


def test_a_status_has_the_earlier_attempts(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that prints what the provider has said of them."""
    serve_attempts(api)

    main(["status", _ID])

    shown = capsys.readouterr().out.splitlines()
    assert "attempt 1\tfailed ProviderFailed" in shown
    assert f"details\tcourier results {_ID[:12]}" in shown


def test_scripts_get_the_details_of_an_error(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """They read JSON, whole."""
    serve_failure(api, *_SAID)

    assert main(["results", _ID, "--json"]) == ExitCode.NO_RESULTS
    assert json.loads(capsys.readouterr().out) == _SAID


@pytest.mark.parametrize("said", [b'["no object"]', b"<html>", b"[" * 99_999])
def test_details_that_are_none_are_not_shown(api: ScriptedServer, said: bytes) -> None:
    """A proxy's page is not what the provider said."""
    serve_failure(api)
    api.answers["/said"] = Answer(body=[said])

    assert main(["results", _ID]) == ExitCode.UNREACHABLE


@pytest.mark.parametrize("outcome", [None, "succeeded"])
def test_a_job_without_details_is_refused_as_before(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], outcome: str | None
) -> None:
    """A running job, or one that has ended since, has no results yet."""
    serve_failure(api)
    api.answers[f"/jobs/{_ID}"] = Answer.json({**JOB, "outcome": outcome})

    assert main(["results", _ID]) == ExitCode.REFUSED
    assert "no results yet" in capsys.readouterr().err
