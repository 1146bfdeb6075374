"""Outcomes: how a job ends, by what the provider answers."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.core.errors import PERMANENT, RETRYABLE
from local import sample
from local.simulators.ipqs import Answer
from tests.integration.harness import JobRunner

_EMAILS = sample.emails(12)
_ERRORS = {error.__name__ for error in (*PERMANENT, *RETRYABLE)}
_NO_LINKS = {"pristine": None, "clean": None, "bad": None, "all": None}


@dataclass(frozen=True)
class Case:
    """What the provider does, and how the job ends; a success has no `error`."""

    error: str = ""
    outcome: str = "succeeded"
    statuses: tuple[str, ...] = ()
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)
    content: bytes = _EMAILS
    key: str = "ipqs/email/list.csv"


def _failed(error: str, **case: Any) -> Case:  # noqa: ANN401 - the fields of Case
    return Case(error=error, outcome="failed", **case)


_WORDS = ("NEW", "PROCESSING", "UNIQUE_RESULTS", "FINALIZING", "FINISHED")
CASES = {
    "every word": Case(statuses=_WORDS),
    "words shuffled": Case(statuses=("FINALIZING", "NEW", "PROCESSING", "FINISHED")),
    "words skipped": Case(statuses=("NEW", "FINISHED")),
    "words repeated": Case(statuses=(*["PROCESSING"] * 7, "FINISHED")),
    "unknown words": Case(statuses=("LOL", "DONE", "finished", "FINISHED")),
    "a temporary error": Case(statuses=("ERROR", "PROCESSING", "FINISHED")),
    "a lasting error": _failed("ProviderFailed", statuses=("ERROR",)),
    "aborted": Case(
        error="JobAborted",
        outcome="aborted",
        answers={"status": [Answer.edited(lambda status: {**status, "aborted": True})]},
    ),
    "success false": _failed(
        "ProviderRejected",
        answers={"status": [Answer.refusal("No.")] * 3},
    ),
    "success false once": Case(answers={"status": [Answer.refusal("No.")]}),
    "the upload refused": _failed(
        "ProviderRejected", answers={"upload": [Answer.refusal("No.")]}
    ),
    "HTML with 200": Case(answers={"status": [Answer.html()] * 2}),
    "HTML with 200 for the upload": _failed(
        "SubmitOutcomeUnknown", answers={"upload": [Answer.html()]}
    ),
    "403": Case(answers={"status": [Answer.http(403)] * 2}),
    "403 with Retry-After": Case(
        answers={"status": [Answer.http(403, retry_after="7")]}
    ),
    "403 for the upload": Case(answers={"upload": [Answer.http(403)]}),
    "429 for the upload": Case(answers={"upload": [Answer.http(429, retry_after="7")]}),
    "503": Case(answers={"status": [Answer.http(503)] * 2}),
    "the response to the upload lost": Case(
        answers={"upload": [Answer.dropped_after()]}
    ),
    "the upload lost": _failed(
        "SubmitOutcomeUnknown", answers={"upload": [Answer.dropped_before()]}
    ),
    "all links null": _failed(
        "NoResults",
        answers={
            "status": [Answer.edited(lambda status: {**status, "downloads": _NO_LINKS})]
            * 3
        },
    ),
    "a used link": Case(answers={"download": [Answer.http(403)]}),
    "a result cut off": Case(answers={"download": [Answer.cut_after(20)]}),
    "HTML for a result": Case(answers={"download": [Answer.html()]}),
    "a link to another host": _failed(
        "ResultsIncomplete", behaviour={"links_instead": "https://evil.example/x"}
    ),
    "the wrong key": _failed(
        "CredentialsRejected",
        answers={
            "upload": [Answer.refusal("Invalid or unauthorized key. Please check.")] * 2
        },
    ),
    "an empty file": _failed("SourceEmpty", content=b""),
    "only a header": _failed("SourceEmpty", content=b"email\n"),
    "a workbook": _failed("SourceNotText", content=b"PK\x03\x04\x00\x00\x00"),
    "another file extension": _failed("SourceMisnamed", key="ipqs/email/list.xls"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_job_ends_with_the_expected_outcome(runner: JobRunner, name: str) -> None:
    """No answer may end in an unhandled exception, or without a notice."""
    case = CASES[name]
    runner.stack.ipqs.behave(statuses=case.statuses, **case.behaviour)
    for call, answers in case.answers.items():
        runner.stack.ipqs.script(call, answers)

    view = runner.run(case.key, case.content)

    assert view.job is not None
    assert (view.job.outcome, view.error) == (case.outcome, case.error)
    assert view.status == ("FAILED" if case.error else "SUCCEEDED")
    assert case.error in _ERRORS | {""}
    assert runner.job_item(view.job.job_id)["outcome"] == case.outcome
    assert len(runner.notices(view.job.job_id)) == 1
    assert len(runner.stack.ipqs.csvs) <= 1
