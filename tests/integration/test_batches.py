"""A file of many requests: each at most once, within the rate, and told row by row."""

import json
from collections import Counter
from typing import Any

import pytest

from local.execution_view import ExecutionView
from local.simulators.txncheck import Counts, RateLimit, TxncheckSimulator
from tests.integration.harness import JobRunner, wait_for

#: What the local stage allows itself, and a provider that insists on it.
_RATE = RateLimit(calls=200, seconds=4.0, counts=Counts.POSTS)
_INVALID = (1, 100, 333, 500, 501, 999, 1000)


def _people(rows: int, *, invalid: tuple[int, ...] = ()) -> bytes:
    """Write a list of people, some of whom have no number that could be one."""
    lines = ["mobile,name"]
    for row in range(1, rows + 1):
        mobile = "12345" if row in invalid else f"+9198{row * 10:08d}"
        lines.append(f"{mobile},Person {row}")
    return "\n".join(lines).encode()


def _lines(courier: JobRunner, view: ExecutionView) -> list[dict[str, Any]]:
    (file,) = courier.manifest(view)["files"]
    content = courier.stack.result(file["key"]).decode()
    return [json.loads(line) for line in content.splitlines()]


def _posts(txncheck: TxncheckSimulator) -> int:
    return sum(seen.call == "submit" for seen in txncheck.requests)


@pytest.mark.timeout(600)
def test_a_thousand_rows_are_a_thousand_lines(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """Whoever sends a list gets it back in its order, whatever became of each row."""
    txncheck.behave(rate_limit=_RATE)
    people = _people(1000, invalid=_INVALID)
    view = courier.run(
        "txncheck/upi-by-mobile/people.csv", people, patience_seconds=500
    )

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert len(txncheck.accepted) == 993
    assert _posts(txncheck) == 993  # so none was refused for the rate, or repeated
    lines = _lines(courier, view)
    assert [line["row"] for line in lines] == list(range(1, 1001))
    assert [line["row"] for line in lines if line["outcome"] == "invalid"] == [
        *_INVALID
    ]
    manifest = courier.manifest(view)
    outcomes = dict(Counter(line["outcome"] for line in lines))
    assert manifest["batch"] == {"requests": 993, "outcomes": outcomes}
    assert manifest["rows"] == {
        "sent": 1000,
        "invalid": 7,
        "received": {"result": 1000},
        "removed": 0,
        "verdict": "complete",
    }
    assert view.job is not None
    assert len(courier.notices(view.job.job_id)) == 1
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": view.job.bucket},
            "object": {"key": view.job.key, "version-id": view.job.version_id},
        },
    }
    courier.send_to_intake(json.dumps(event))
    wait_for(lambda: len(courier.log_lines('"job known"')) >= 1)
    assert _posts(txncheck) == 993


def test_a_batch_that_is_walked_again_pays_nothing(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """Whatever starts it anew: each request finds what was paid for it."""
    view = courier.run("txncheck/kyc-by-mobile/again.csv", _people(20))
    assert view.job is not None
    lines = _lines(courier, view)

    courier.stack.emulator.set_wait_scale(0.0)  # no webhook comes twice
    again = courier.rerun(view.job)

    assert again.status == "SUCCEEDED"
    assert _posts(txncheck) == 20
    assert _lines(courier, again) == lines


@pytest.mark.usefixtures("txncheck")
def test_rows_that_fail_are_told_beside_the_others(courier: JobRunner) -> None:
    """By the last digit of the number: 8 fails for now, 9 for good."""
    people = b"name,mobile\nA,+919800000001\nB,+919800000008\nC,+919800000009\n"

    view = courier.run("txncheck/upi-by-mobile/three.csv", people)

    assert view.job is not None
    assert view.job.outcome == "partial"
    assert courier.job_item(view.job.job_id)["rows"] == "3"
    lines = _lines(courier, view)
    assert [(line["outcome"], line.get("error")) for line in lines] == [
        ("succeeded", None),
        ("failed", "ProviderFailed"),
        ("failed", "ProviderDeclined"),
    ]


@pytest.mark.usefixtures("txncheck")
def test_a_batch_without_any_result_fails(courier: JobRunner) -> None:
    """Of what its requests failed of, so that the reader knows what to do."""
    people = b"mobile\n+919800000009\n+919800000019\n"

    view = courier.run("txncheck/kyc-by-mobile/two.csv", people)

    assert (view.status, view.error) == ("FAILED", "ProviderDeclined")


def test_vpas_are_asked_a_hundred_at_a_time(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A request each would cost a hundred times the calls, and the time."""
    vpas = "\n".join(["vpa", *(f"person{row}@bank" for row in range(250))])

    view = courier.run("txncheck/vpa-chargeback-check/vpas.csv", vpas.encode())

    assert view.status == "SUCCEEDED"
    counts = sorted(one.item_count for one in txncheck.accepted)
    assert counts == [50, 100, 100]  # at once, and so in any order
    lines = _lines(courier, view)
    assert [line["row"] for line in lines] == list(range(1, 251))
    listed = {line["row"] for line in lines if line["result"]["blocklisted"]}
    assert listed == {row + 1 for row in range(250) if row % 10 == 9}


@pytest.mark.usefixtures("txncheck")
def test_json_lines_are_a_batch_as_well(courier: JobRunner) -> None:
    """Programs write them more easily than a CSV."""
    accounts = [
        {"accountNumber": "123456781", "ifscNumber": "ABCD0123456"},
        {"accountNumber": "1", "ifscNumber": "ABCD0123456"},
    ]
    content = "\n".join(map(json.dumps, accounts)).encode()

    view = courier.run("txncheck/bank-verification-pennyless/accounts.jsonl", content)

    first, second = _lines(courier, view)
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
def test_a_file_without_a_valid_row_is_refused(
    courier: JobRunner, name: str, content: bytes, error: str
) -> None:
    """Before anything is paid."""
    view = courier.run(f"txncheck/kyc-by-mobile/{name}", content)

    assert (view.status, view.error) == ("FAILED", error)
