"""Batches: whatever fails, each row gets its own result and is paid for once."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import prepare
from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.core.errors import RequestInvalid, SubmitOutcomeUnknown
from functions.core.model import Job, Next, Outcome, Phase
from local.simulators.faults import Answer
from tests.canary import Canary
from tests.faults.batch_harness import LIST, MOBILES, NAMES, BatchHarness
from tests.world.injection import FOUR_MODES, Mode


def work_files(job: Job) -> dict[str, bytes]:
    """Return the files that Prepare made of a batch."""
    store = BatchStore(job, s3=clients.s3())
    names = ("requests.jsonl", "items.json", "rows.json")
    return {name: store.read(name) for name in names}


def test_runs_a_batch_to_its_end(batches: BatchHarness) -> None:
    """Without faults everything works, so that the other tests mean something."""
    prepared = batches.prepare(batches.upload_list())

    gathered = batches.gather(prepared, batches.run_requests(prepared))

    assert gathered.next is Next.REPORT
    assert [line["row"] for line in batches.result_lines(gathered)] == [1, 2, 3]
    assert gathered.batch.outcomes == {"succeeded": 3}


@pytest.mark.parametrize("mode", FOUR_MODES)
def test_a_repeated_preparation_yields_the_same_requests(
    batches: BatchHarness, mode: Mode
) -> None:
    """Whichever call breaks it off: other requests would be paid for again."""
    job = batches.upload_list()
    batches.injector.plan({})
    undisturbed = batches.prepare(job)
    calls, expected = len(batches.injector.calls), work_files(job)

    for call in range(calls):
        batches.injector.plan({call: mode})
        prepared = batches.retry(batches.prepare, job)
        batches.injector.plan({})

        assert batches.requests(prepared) == [
            request.with_(version_id=prepared.batch.version_id)
            for request in batches.requests(undisturbed)
        ]
        assert work_files(job) == expected


@pytest.mark.parametrize("mode", FOUR_MODES)
def test_sends_no_request_twice(batches: BatchHarness, mode: Mode) -> None:
    """Neither a fault at any call nor a second run of the batch pays again."""
    job = batches.prepare(batches.upload_list(f"mobile,name\n{MOBILES[0]},{NAMES[0]}"))
    (request,) = batches.requests(job)
    batches.injector.plan({})
    batches.run_request(request)
    calls = len(batches.injector.calls)

    for call in range(calls):
        batches.simulator.reset()
        another = request.with_(job_id=f"{request.job_id[:9]}-{mode}-{call}")
        batches.injector.plan({call: mode})
        result = batches.run_request(another)
        batches.injector.plan({})
        repeated = batches.run_request(another)

        assert len(batches.simulator.accepted) <= 1
        assert repeated == result
        assert result in ("0 succeeded", f"0 failed {SubmitOutcomeUnknown.__name__}")


def test_rows_keep_their_own_results_when_the_settings_change(
    batches: BatchHarness,
) -> None:
    """A retry may send rows that were invalid before, which shifts the requests."""
    job = batches.upload_list(
        f"mobile,name\n{MOBILES[0]},\n{MOBILES[1]},{NAMES[1]}\n", type_="upi-by-mobile"
    )
    strict = batches.prepare(job, upi_name="required")
    before = batches.run_requests(strict)

    lenient = batches.prepare(job, upi_name="optional")
    after = batches.run_requests(lenient)

    assert before == ["0 succeeded"]
    assert after == ["0 succeeded", "1 succeeded"]
    assert len(batches.simulator.accepted) == 2
    first, second = batches.result_lines(batches.gather(lenient, after))
    assert first["result"]["result"] != second["result"]["result"]


def test_a_second_attempt_replaces_the_results_of_the_first(
    batches: BatchHarness,
) -> None:
    """An attempt that died after its result left lines that are out of date."""
    first = batches.prepare(batches.upload_list())
    results = batches.run_requests(first)
    batches.gather(first, [*results[:2], "2 timed_out DeadlinePassed"])

    second = batches.prepare(first.with_(attempt=2))
    gathered = batches.gather(second, batches.run_requests(second))

    outcomes = [line["outcome"] for line in batches.result_lines(gathered)]
    assert gathered.batch.outcomes == {"succeeded": 3}
    assert outcomes == ["succeeded"] * 3


def test_a_repeated_gathering_returns_the_same(batches: BatchHarness) -> None:
    """Its response can be lost after the result was written."""
    prepared = batches.prepare(batches.upload_list())
    results = batches.run_requests(prepared)

    gathered = batches.gather(prepared, results)

    assert batches.gather(prepared, results) == gathered


def _edit_next_answer(batches: BatchHarness, **changes: object) -> None:
    """Change fields of the provider's next answer to a check that ends a request."""
    edit = Answer.edited(lambda document: {**document, **changes})
    batches.simulator.script("check", [edit])


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({"summary": {"total": 2}}, id="no lists"),
        pytest.param({"blocklisted": "none", "clean": []}, id="no list"),
        pytest.param({"blocklisted": [1], "clean": []}, id="no texts"),
    ],
)
def test_an_unreadable_result_leaves_the_other_rows_theirs(
    batches: BatchHarness, result: Mapping[str, Any]
) -> None:
    """Failing the whole batch would make the user pay again for every row."""
    vpas = [f"asha{number}@invented" for number in range(101)]
    content = "\n".join(["vpa", *vpas, "no vpa"])
    job = batches.upload_list(content, type_="vpa-chargeback-check")
    prepared = batches.prepare(job)
    first, second = batches.requests(prepared)
    results = [batches.run_request(first)]
    polled = batches.submit_and_poll(second)
    _edit_next_answer(batches, result=result)
    results.append(batches.collect(polled))

    gathered = batches.gather(prepared, results)
    repeated = batches.gather(prepared, results)

    lines = batches.result_lines(gathered)
    assert [line["row"] for line in lines] == list(range(1, 103))
    assert {line["outcome"] for line in lines[:100]} == {"succeeded"}
    assert lines[100] == {"row": 101, "outcome": "failed", "error": "AnswerUnreadable"}
    assert gathered.batch.outcomes == {"failed": 1, "invalid": 1, "succeeded": 100}
    assert gathered.phase is Phase.PARTIAL
    assert repeated == gathered


def test_a_batch_of_unreadable_results_fails(batches: BatchHarness) -> None:
    """It contains nothing that anybody could use."""
    job = batches.upload_list("vpa\nasha@invented\n", type_="vpa-chargeback-check")
    prepared = batches.prepare(job)
    (request,) = batches.requests(prepared)
    polled = batches.submit_and_poll(request)
    _edit_next_answer(batches, result={"summary": {}})

    gathered = batches.gather(prepared, [batches.collect(polled)])

    assert (gathered.outcome, gathered.error) == (Outcome.FAILED, "AnswerUnreadable")


@pytest.mark.parametrize("depth", [62, 63, 20_000])
def test_a_deeply_nested_result_leaves_the_other_rows_theirs(
    batches: BatchHarness, depth: int
) -> None:
    """JSON that can be read at one depth may be too deep to write inside a line."""
    prepared = batches.prepare(batches.upload_list())
    requests = batches.requests(prepared)
    results = [batches.run_request(request) for request in requests[:2]]
    polled = batches.submit_and_poll(requests[2])
    text = b'{"deep":' + b"[" * depth + b"]" * depth + b"}"
    answer = json.dumps(
        {"requestId": polled.provider_ref, "status": "COMPLETED", "result": "HERE"}
    )
    body = answer.encode().replace(b'"HERE"', text)
    batches.simulator.script("check", [Answer.http(200, body)] * 7)
    results.append(batches.collect(polled))

    lines = batches.result_lines(batches.gather(prepared, results))
    outcomes = [line["outcome"] for line in lines]
    assert outcomes[:2] == ["succeeded"] * 2
    assert outcomes[2] == ("succeeded" if depth == 62 else "failed")


def test_a_retried_request_waits_again(batches: BatchHarness) -> None:
    """A retry has to continue the wait, not to report at once that it timed out."""
    (request, *_) = batches.requests(batches.prepare(batches.upload_list()))
    batches.simulator.behave(seconds_processing=35_000.0)

    assert batches.run_request(request) == "0 timed_out DeadlinePassed"
    assert batches.run_request(request) == "0 succeeded"
    assert len(batches.simulator.accepted) == 1


def test_concurrent_submissions_send_a_request_once(batches: BatchHarness) -> None:
    """Where two executions run one batch, the second one must not pay again."""
    (request, *_) = batches.requests(batches.prepare(batches.upload_list()))

    with ThreadPoolExecutor(8) as executions:
        results = set(executions.map(batches.run_request, [request] * 8))

    assert "0 succeeded" in results
    assert results <= {"0 succeeded", f"0 failed {SubmitOutcomeUnknown.__name__}"}
    assert len(batches.simulator.accepted) == 1


def test_rejects_a_file_of_invalid_rows_early(batches: BatchHarness) -> None:
    """Keeping ten megabytes of invalid rows would exhaust the memory."""
    job = batches.upload_list("x\n" * 100_001 + LIST, extension="jsonl")

    with pytest.raises(RequestInvalid, match="99,997 more: is not one strict JSON"):
        batches.prepare(job)


_HOSTILE_FIELDS = {
    "another request": {"requestId": "another"},
    "no id": {"requestId": None},
    "an id of another type": {"requestId": [NAMES[0]]},
    "a status of another type": {"status": {"COMPLETED": MOBILES[0]}},
    "a result of another type": {"result": [NAMES[0]]},
    "a result that is a text": {"result": MOBILES[0]},
    "a lone surrogate": {"result": {"name": "\ud800"}},
    "not a number": {"result": {"score": float("nan")}},
    "eleven megabytes": {"result": {"name": NAMES[0] * 900_000}},
    "no result at all": {"result": None},
    "a failure without a code": {"status": "FAILED", "error": MOBILES[0]},
}


@pytest.mark.parametrize("changes", _HOSTILE_FIELDS.values(), ids=_HOSTILE_FIELDS)
def test_no_answer_gets_personal_data_into_the_state(
    batches: BatchHarness, canary: Canary, changes: Mapping[str, Any]
) -> None:
    """Answers may contain anything; only error names of ours come through."""
    (request, *_) = batches.requests(batches.prepare(batches.upload_list()))
    batches.simulator.behave(seconds_queued=0.0, seconds_processing=0.0)
    _edit_next_answer(batches, **changes)
    _edit_next_answer(batches, **changes)

    polled = batches.submit_and_poll(request)
    _edit_next_answer(batches, **changes)
    result = batches.collect(polled)

    canary.search("state", json.dumps(polled.to_state()) + result)
    errors = ("ResultTooLarge", "ProviderFailed")
    assert result in ("0 succeeded", *(f"0 failed {error}" for error in errors))
    assert not canary.found


def test_logs_why_a_batch_was_not_prepared(
    batches: BatchHarness,
    deployed: pytest.MonkeyPatch,
    log: StringIO,
    context: LambdaContext,
) -> None:
    """The error's advice sends the reader there for the fields that are wrong."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    job = batches.upload_list(f"mobile,name\n98,{NAMES[0]}\n")

    prepared = prepare.handler(job.to_state(), context)

    assert (prepared["next"], prepared["error"]) == (Next.CONCLUDE, "RequestInvalid")
    assert "mobile: must be +91 and ten digits" in prepared["advice"]
    records = [json.loads(line) for line in log.getvalue().splitlines()]
    (record,) = [record for record in records if "reason" in record]
    assert record["job_id"] == job.job_id
    assert "mobile: must be +91 and ten digits" in record["reason"]
