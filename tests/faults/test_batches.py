"""A batch: whatever happens to it, each row is told of itself, and paid for once."""

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
from tests.faults.batch_harness import MOBILES, NAMES, PEOPLE, BatchHarness
from tests.faults.fault_injection import Mode


def parcels(job: Job) -> dict[str, bytes]:
    """Read what a batch was made into."""
    kept = BatchStore(job, s3=clients.s3())
    names = ("requests.jsonl", "items.json", "rows.json")
    return {name: kept.read(name) for name in names}


def test_a_batch_is_carried_to_its_end(batches: BatchHarness) -> None:
    """What the other tests disturb works when nobody does."""
    gathered = batches.carried(batches.arrive())

    assert gathered.next is Next.REPORT
    assert [line["row"] for line in batches.lines(gathered)] == [1, 2, 3]
    assert gathered.batch.outcomes == {"succeeded": 3}


@pytest.mark.parametrize("mode", Mode)
def test_a_batch_whose_preparation_breaks_off_is_prepared_alike(
    batches: BatchHarness, mode: Mode
) -> None:
    """Whichever call it breaks off at: its requests are the ones of before."""
    job = batches.arrive()
    batches.effects.plan({})
    whole = batches.prepare(job)
    calls, expected = len(batches.effects.seen), parcels(job)

    for call in range(calls):
        batches.effects.plan({call: mode})
        prepared = batches.tried(batches.prepare, job)
        batches.effects.plan({})

        assert batches.requests(prepared) == [
            one.with_(version_id=prepared.batch.version_id)
            for one in batches.requests(whole)
        ]
        assert parcels(job) == expected


@pytest.mark.parametrize("mode", Mode)
def test_no_request_is_sent_twice(batches: BatchHarness, mode: Mode) -> None:
    """Wherever it breaks off, and however often its batch is tried again."""
    job = batches.prepare(batches.arrive(f"mobile,name\n{MOBILES[0]},{NAMES[0]}"))
    (request,) = batches.requests(job)
    batches.effects.plan({})
    batches.run(request)
    calls = len(batches.effects.seen)

    for call in range(calls):
        batches.simulator.reset()
        another = request.with_(job_id=f"{request.job_id[:9]}-{mode}-{call}")
        batches.effects.plan({call: mode})
        told = batches.run(another)
        batches.effects.plan({})
        again = batches.run(another)

        assert len(batches.simulator.accepted) <= 1
        assert told == again
        assert told in ("0 succeeded", f"0 failed {SubmitOutcomeUnknown.__name__}")


def test_a_row_is_told_of_itself_when_the_settings_have_changed(
    batches: BatchHarness,
) -> None:
    """A retry may pack rows that were refused before: the others keep their own."""
    job = batches.arrive(
        f"mobile,name\n{MOBILES[0]},\n{MOBILES[1]},{NAMES[1]}\n", type_="upi-by-mobile"
    )
    strict = batches.prepare(job, upi_name="required")
    before = [batches.run(one) for one in batches.requests(strict)]

    lenient = batches.prepare(job, upi_name="optional")
    after = [batches.run(one) for one in batches.requests(lenient)]

    assert before == ["0 succeeded"]
    assert after == ["0 succeeded", "1 succeeded"]
    assert len(batches.simulator.accepted) == 2
    first, second = batches.lines(batches.gather(lenient, after))
    assert first["result"]["result"] != second["result"]["result"]


def test_a_later_attempt_tells_what_became_of_its_own_requests(
    batches: BatchHarness,
) -> None:
    """An attempt that died after its result leaves lines that are true no more."""
    first = batches.prepare(batches.arrive())
    answers = [batches.run(one) for one in batches.requests(first)]
    batches.gather(first, [*answers[:2], "2 timed_out DeadlinePassed"])

    second = batches.prepare(first.with_(attempt=2))
    again = [batches.run(one) for one in batches.requests(second)]
    gathered = batches.gather(second, again)

    told = [line["outcome"] for line in batches.lines(gathered)]
    assert gathered.batch.outcomes == {"succeeded": 3}
    assert told == ["succeeded"] * 3


def test_a_gathering_that_is_repeated_tells_the_same(batches: BatchHarness) -> None:
    """Its answer can be lost after the result is there."""
    prepared = batches.prepare(batches.arrive())
    answers = [batches.run(one) for one in batches.requests(prepared)]

    once = batches.gather(prepared, answers)
    again = batches.gather(prepared, answers)

    assert again == once


def _edited(batches: BatchHarness, **changes: object) -> None:
    """Let the provider's next answer to a check that is over say something else."""
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
def test_one_senseless_result_costs_no_other_row_its_own(
    batches: BatchHarness, result: Mapping[str, Any]
) -> None:
    """The provider keeps to what it said: asking again would cost them all again."""
    vpas = [f"asha{number}@invented" for number in range(101)]
    content = "\n".join(["vpa", *vpas, "no vpa"])
    job = batches.arrive(content, type_="vpa-chargeback-check")
    prepared = batches.prepare(job)
    first, second = batches.requests(prepared)
    answers = [batches.run(first)]
    polled = batches.polled(second)
    _edited(batches, result=result)
    answers.append(batches.collected(polled))

    gathered = batches.gather(prepared, answers)
    again = batches.gather(prepared, answers)

    lines = batches.lines(gathered)
    assert [line["row"] for line in lines] == list(range(1, 103))
    assert {line["outcome"] for line in lines[:100]} == {"succeeded"}
    assert lines[100] == {"row": 101, "outcome": "failed", "error": "AnswerUnreadable"}
    assert gathered.batch.outcomes == {"failed": 1, "invalid": 1, "succeeded": 100}
    assert gathered.phase is Phase.PARTIAL
    assert again == gathered


def test_a_batch_of_senseless_results_fails(batches: BatchHarness) -> None:
    """There is nothing in it that anybody could use."""
    job = batches.arrive("vpa\nasha@invented\n", type_="vpa-chargeback-check")
    prepared = batches.prepare(job)
    (request,) = batches.requests(prepared)
    polled = batches.polled(request)
    _edited(batches, result={"summary": {}})

    gathered = batches.gather(prepared, [batches.collected(polled)])

    assert (gathered.outcome, gathered.error) == (Outcome.FAILED, "AnswerUnreadable")


@pytest.mark.parametrize("depth", [62, 63, 20_000])
def test_a_deep_result_costs_no_other_row_its_own(
    batches: BatchHarness, depth: int
) -> None:
    """What can be read at one place may be too deep to be written at another."""
    prepared = batches.prepare(batches.arrive())
    requests = batches.requests(prepared)
    answers = [batches.run(one) for one in requests[:2]]
    polled = batches.polled(requests[2])
    text = b'{"deep":' + b"[" * depth + b"]" * depth + b"}"
    answer = json.dumps(
        {"requestId": polled.provider_ref, "status": "COMPLETED", "result": "HERE"}
    )
    body = answer.encode().replace(b'"HERE"', text)
    batches.simulator.script("check", [Answer.http(200, body)] * 7)
    answers.append(batches.collected(polled))

    told = [
        line["outcome"] for line in batches.lines(batches.gather(prepared, answers))
    ]
    assert told[:2] == ["succeeded"] * 2
    assert told[2] == ("succeeded" if depth == 62 else "failed")


def test_a_batch_that_is_retried_waits_anew(batches: BatchHarness) -> None:
    """A retry is asked for to go on waiting, not to hear at once that it is late."""
    (request, *_) = batches.requests(batches.prepare(batches.arrive()))
    batches.simulator.behave(seconds_processing=35_000.0)

    assert batches.run(request) == "0 timed_out DeadlinePassed"
    assert batches.run(request) == "0 succeeded"
    assert len(batches.simulator.accepted) == 1


def test_a_request_that_many_submit_at_once_is_sent_once(batches: BatchHarness) -> None:
    """Two executions of one batch: whoever comes second must not pay again."""
    (request, *_) = batches.requests(batches.prepare(batches.arrive()))

    def told(_number: int) -> str:
        return batches.run(request)

    with ThreadPoolExecutor(8) as executions:
        answers = set(executions.map(told, range(8)))

    assert "0 succeeded" in answers
    assert answers <= {"0 succeeded", f"0 failed {SubmitOutcomeUnknown.__name__}"}
    assert len(batches.simulator.accepted) == 1


def test_a_file_of_mistakes_is_refused_before_it_is_held(batches: BatchHarness) -> None:
    """Ten megabytes of rows that are none would take all memory that there is."""
    job = batches.arrive("x\n" * 100_001 + PEOPLE, ending="jsonl")

    with pytest.raises(RequestInvalid, match="for example: is not one strict JSON"):
        batches.prepare(job)


_HOSTILE = {
    "another's": {"requestId": "another"},
    "no id": {"requestId": None},
    "an id that is none": {"requestId": [NAMES[0]]},
    "a status that is none": {"status": {"COMPLETED": MOBILES[0]}},
    "a result that is none": {"result": [NAMES[0]]},
    "a text for a result": {"result": MOBILES[0]},
    "half a character": {"result": {"name": "\ud800"}},
    "no number": {"result": {"score": float("nan")}},
    "eleven megabytes": {"result": {"name": NAMES[0] * 900_000}},
    "no result at all": {"result": None},
    "a failure without a word": {"status": "FAILED", "error": MOBILES[0]},
}


@pytest.mark.parametrize("changes", _HOSTILE.values(), ids=_HOSTILE)
def test_no_answer_makes_a_request_say_what_is_personal_or_not_its_own(
    batches: BatchHarness, canary: Canary, changes: Mapping[str, Any]
) -> None:
    """Answers may hold anything; what is told of them is in our words."""
    (request, *_) = batches.requests(batches.prepare(batches.arrive()))
    batches.simulator.behave(seconds_queued=0.0, seconds_processing=0.0)
    _edited(batches, **changes)
    _edited(batches, **changes)

    polled = batches.polled(request)
    _edited(batches, **changes)
    told = batches.collected(polled)

    canary.look("state", json.dumps(polled.to_state()) + told)
    believed = ("ResultTooLarge", "ProviderFailed")
    assert told in ("0 succeeded", *(f"0 failed {error}" for error in believed))
    assert not canary.found


def test_why_a_batch_was_not_prepared_is_in_its_log(
    batches: BatchHarness,
    deployed: pytest.MonkeyPatch,
    logged: StringIO,
    context: LambdaContext,
) -> None:
    """The advice sends the reader there: which fields are wrong, and how."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    job = batches.arrive(f"mobile,name\n98,{NAMES[0]}\n")

    with pytest.raises(RequestInvalid):
        prepare.handler(job.to_state(), context)

    written = [json.loads(one) for one in logged.getvalue().splitlines()]
    (line,) = [one for one in written if "reason" in one]
    assert line["job_id"] == job.job_id
    assert "mobile: must be +91 and ten digits" in line["reason"]
