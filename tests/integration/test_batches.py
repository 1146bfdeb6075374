"""Batches: each row is sent at most once, within the rate, and has a result line."""

import json
import time
from collections import Counter
from typing import Any

import pytest

from functions.aws.job_store import JobStore
from local.execution_view import ExecutionView
from local.simulators.txncheck import CallLimit, TxncheckSimulator
from tests.integration.harness import JobRunner, object_created, wait_for

#: The rate that the local stage keeps to, enforced by the provider. The batch has more
#: rows than fit into one of its windows.
_RATE = CallLimit(calls=200, seconds=4.0, posts_only=True)
_ROWS = 250
_INVALID = (1, 100, 111, 150, 151, 249, 250)
_SENT = _ROWS - len(_INVALID)


def _people(rows: int, *, invalid: tuple[int, ...] = ()) -> bytes:
    """Return a list of people; the rows in `invalid` have no valid number."""
    lines = ["mobile,name"]
    for row in range(1, rows + 1):
        mobile = "12345" if row in invalid else f"+9198{row * 10:08d}"
        lines.append(f"{mobile},Person {row}")
    return "\n".join(lines).encode()


def _lines(runner: JobRunner, view: ExecutionView) -> list[dict[str, Any]]:
    """Return the result lines of a batch."""
    (file,) = runner.manifest(view)["files"]
    content = runner.stack.result(file["key"]).decode()
    return [json.loads(line) for line in content.splitlines()]


def _submissions(txncheck: TxncheckSimulator) -> int:
    """Return how many requests to submit the provider got, also refused ones."""
    return sum(request.call == "submit" for request in txncheck.requests)


def test_hundreds_of_rows_are_as_many_lines(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """The result has a line for each row, in the order of the file."""
    txncheck.behave(rate_limit=_RATE)
    people = _people(_ROWS, invalid=_INVALID)
    view = runner.run("txncheck/upi-by-mobile/people.csv", people, timeout_seconds=200)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert len(txncheck.accepted) == _SENT
    assert _submissions(txncheck) == _SENT  # none was throttled or repeated
    lines = _lines(runner, view)
    assert [line["row"] for line in lines] == list(range(1, _ROWS + 1))
    assert [line["row"] for line in lines if line["outcome"] == "invalid"] == [
        *_INVALID
    ]
    manifest = runner.manifest(view)
    outcomes = dict(Counter(line["outcome"] for line in lines))
    assert manifest["batch"] == {"requests": _SENT, "outcomes": outcomes}
    assert manifest["rows"] == {
        "sent": _ROWS,
        "invalid": len(_INVALID),
        "received": {"result": _ROWS},
        "removed": 0,
        "verdict": "complete",
    }
    assert view.job is not None
    assert len(runner.notices(view.job.job_id)) == 1
    runner.send_to_intake(object_created(view.job))
    wait_for(lambda: runner.log_lines('"job known"'))
    assert _submissions(txncheck) == _SENT


def test_a_batch_that_is_run_again_submits_nothing(
    runner: JobRunner, txncheck: TxncheckSimulator, job_store: JobStore
) -> None:
    """Each request keeps its result, which is paid for."""
    view = runner.run("txncheck/kyc-by-mobile/again.csv", _people(20))
    assert view.job is not None
    lines = _lines(runner, view)

    runner.stack.emulator.set_wait_scale(0.0)  # no webhook comes twice
    record = job_store.get(view.job.job_id)
    assert record is not None
    restarted = job_store.restart(record, now=time.time())
    assert restarted is not None
    job = restarted.to_job()
    again = runner.execute(job.to_state(), name=job.execution_name)

    assert again.status == "SUCCEEDED"
    assert _submissions(txncheck) == 20
    assert _lines(runner, again) == lines


@pytest.mark.usefixtures("txncheck")
def test_failed_rows_have_lines_among_the_others(runner: JobRunner) -> None:
    """By the last digit of the number: 8 fails temporarily, 9 permanently."""
    people = b"name,mobile\nA,+919800000001\nB,+919800000008\nC,+919800000009\n"

    view = runner.run("txncheck/upi-by-mobile/three.csv", people)

    assert view.job is not None
    assert view.job.outcome == "partial"
    assert runner.job_item(view.job.job_id)["rows"] == "3"
    lines = _lines(runner, view)
    assert [(line["outcome"], line.get("error")) for line in lines] == [
        ("succeeded", None),
        ("failed", "ProviderFailed"),
        ("failed", "ProviderDeclined"),
    ]


@pytest.mark.usefixtures("txncheck")
def test_a_batch_without_any_result_fails(runner: JobRunner) -> None:
    """Its error is that of its requests, which says what to do."""
    people = b"mobile\n+919800000009\n+919800000019\n"

    view = runner.run("txncheck/kyc-by-mobile/two.csv", people)

    assert (view.status, view.error) == ("FAILED", "ProviderDeclined")


def test_vpas_are_sent_a_hundred_in_a_request(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A request for each would take a hundred times as many calls."""
    vpas = "\n".join(["vpa", *(f"person{row}@bank" for row in range(250))])

    view = runner.run("txncheck/vpa-chargeback-check/vpas.csv", vpas.encode())

    assert view.status == "SUCCEEDED"
    counts = sorted(request.item_count for request in txncheck.accepted)
    assert counts == [50, 100, 100]  # sorted, as they are sent in parallel
    lines = _lines(runner, view)
    assert [line["row"] for line in lines] == list(range(1, 251))
    blocked = {line["row"] for line in lines if line["result"]["blocklisted"]}
    assert blocked == {row + 1 for row in range(250) if row % 10 == 9}


@pytest.mark.usefixtures("txncheck")
def test_a_file_of_json_lines_is_a_batch(runner: JobRunner) -> None:
    """Programs write them more easily than a CSV."""
    accounts = [
        {"accountNumber": "123456781", "ifscNumber": "ABCD0123456"},
        {"accountNumber": "1", "ifscNumber": "ABCD0123456"},
    ]
    content = "\n".join(map(json.dumps, accounts)).encode()

    view = runner.run("txncheck/bank-verification-pennyless/accounts.jsonl", content)

    first, second = _lines(runner, view)
    assert first["outcome"] == "succeeded"
    assert (second["outcome"], second["fields"]) == ("invalid", ["accountNumber"])


@pytest.mark.usefixtures("txncheck")
@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("none.csv", b"mobile\n12\n", "RequestInvalid"),
        ("empty.csv", b"mobile\n", "SourceEmpty"),
        ("nothing.jsonl", b"", "SourceEmpty"),
        ("columns.csv", b"phone\n+919800000001\n", "RequestInvalid"),
        ("binary.csv", b"\xff\xfe\x00", "SourceNotText"),
    ],
)
def test_a_file_without_a_valid_row_fails(
    runner: JobRunner, name: str, content: bytes, error: str
) -> None:
    """It fails before a request is sent, and so before anything is paid."""
    view = runner.run(f"txncheck/kyc-by-mobile/{name}", content)

    assert (view.status, view.error) == ("FAILED", error)
