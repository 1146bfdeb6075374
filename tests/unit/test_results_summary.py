"""What the page says of results is what the manifest says, without its secrets."""

import json
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ForeignAnswer
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.results_summary import summary

from tests.unit.scripted_server import Answer, ScriptedServer

_ID = "0" * 64
_JOINED = {
    "records": 12,
    "blank": 0,
    "duplicates": 2,
    "not_sent": {"no_at_sign": 1},
    "remembered": 0,
    "sent": 9,
    "returned": 9,
    "missing": 0,
    "unexpected": 0,
    "unexpected_rows": [],
    "is_whole": True,
    "invalid": 0,
    "received": {"all": 9},
    "verdict": "complete",
}
_COMPARED = {
    "sent": 12,
    "invalid": 0,
    "received": {"all": 10},
    "removed": 2,
    "verdict": "unaccounted",
}


def response(rows: object) -> dict[str, Any]:
    """Return a response of the API on results."""
    files = [
        {"kind": kind, "key": f"a/{kind}.csv", "rows": 9, "bytes": 512, "sha256": "0"}
        for kind in ("all", "joined")
    ]
    return {
        "job_id": _ID,
        "manifest": {"files": files, "rows": rows},
        "links": [
            {"kind": file["kind"], "href": f"https://s3/{file['kind']}?secret"}
            for file in files
        ],
        "expires_at": "then",
    }


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [
        (
            _JOINED,
            [
                ("records", 12),
                ("sent", 9),
                ("returned", 9),
                ("duplicates", 2),
                ("not sent (no_at_sign)", 1),
            ],
        ),
        (_COMPARED, [("sent", 12), ("removed", 2)]),
        ({"join_error": "JoinFailed", "verdict": "unjoined"}, []),
        ({}, []),
    ],
    ids=["joined", "compared", "not joined", "of an earlier release"],
)
def test_numbers_that_are_not_zero_are_said(
    rows: dict[str, Any], numbers: list[tuple[str, int]]
) -> None:
    """A row of zeros hides the one number that matters."""
    said = summary(response(rows))

    assert said["numbers"] == numbers
    assert said["verdict"] == rows.get("verdict")
    assert bool(said["meaning"]) == bool(rows.get("verdict"))


def test_downloads_lead_to_the_page_and_the_joined_file_is_first() -> None:
    """A presigned link is a secret of five minutes, and most want the joined file."""
    said = summary(response(_JOINED))

    assert [file["href"] for file in said["files"]] == [
        f"objects/{_ID}/joined",
        f"objects/{_ID}/all",
    ]
    assert "secret" not in json.dumps(said)


@pytest.mark.parametrize("rows", [None, [], "none"])
def test_an_answer_that_is_not_the_apis_is_refused(rows: object) -> None:
    """A proxy's answer must not look like results."""
    with pytest.raises(ForeignAnswer):
        summary(response(rows))


def test_why_there_are_none_is_said() -> None:
    """Results are deleted after some months; the card stays."""
    with ScriptedServer.started() as api:
        api.answer_all(Answer.json({"title": "They were deleted."}, status=410))
        console = WebConsole(
            ApiClient.local(api.url),
            stack="a test",
            refresh_seconds=60.0,
            log_source=AwsConsoleLinks(),
        )

        answer = console.respond(f"results/{_ID}")

    assert answer is not None
    assert json.loads(b"".join(answer.chunks)) == {"error": "They were deleted."}
