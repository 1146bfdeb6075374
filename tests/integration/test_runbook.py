"""Run-book: what docs/operations.md says to do works, section by section."""

import json
import math
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from verdict_courier.api_client import ApiClient

from functions.aws.job_store import JobStore
from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.model import Job
from local import sample
from local.execution_view import ExecutionView
from local.stack import LOCAL_KEY, LocalStack
from tests.integration.harness import JobRunner, object_created, wait_for
from tools.runbook import RUNBOOK

_EMAILS = sample.emails(12)
_KEY = "ipqs/email/list.csv"
_Change = Callable[[LocalStack], None]
_CALLING_PROVIDERS = ("prepare", "submit", "check", "check_now", "download", "sweep")

#: Alarms without a remedy that a test could carry out, and why.
_NOT_ON_A_STACK = {
    "clean-up failing": "tests/infra reads the right and the rule from the template",
    "jobs late": "the deadline is raised, and deployed",
    "provider throttling": "settings are lowered, and deployed",
    "rows unaccounted": "a person compares the file with the result",
    "webhooks missing": "settings are compared with those at the provider",
    "errors": "the previous version is deployed",
}


@pytest.fixture
def api(stack: LocalStack, runner: JobRunner) -> ApiClient:  # noqa: ARG001 - resets the provider
    """Return a client of the API."""
    return ApiClient.local(stack.api_url)


def retry(api: ApiClient, runner: JobRunner, job_id: str) -> ExecutionView:
    """Retry a job as `./courier retry` does, and wait for the end of its attempt."""
    attempt = api.call("POST", f"/jobs/{job_id}/retry")["attempt"]
    return runner.wait_for_end(f"{job_id}-{attempt}")


def assert_delivered_and_paid_once(runner: JobRunner, view: ExecutionView) -> None:
    """Assert that a retried job has its results, of one submission."""
    assert view.job is not None
    assert (view.status, view.job.outcome) == ("SUCCEEDED", "succeeded")
    assert runner.manifest(view)["rows"]["verdict"] == "complete"
    assert len(runner.stack.ipqs.csvs) == 1


def run_to_failure(runner: JobRunner, error: str) -> str:
    """Run a job that fails with an error, and return its id."""
    view = runner.run(_KEY, _EMAILS)
    assert view.job is not None
    assert view.error == error
    return view.job.job_id


def functions_of(stack: LocalStack, *names: str) -> dict[str, dict[str, str]]:
    """Return the environments of functions, by the functions' full names."""
    pages = stack.emulator.client("lambda").get_paginator("list_functions").paginate()
    return {
        function["FunctionName"]: function["Environment"]["Variables"]
        for page in pages
        for function in page["Functions"]
        if function["Handler"].split(".")[-2] in names
    }


@contextmanager
def environment(stack: LocalStack, *names: str, **variables: str) -> Iterator[None]:
    """Change variables of functions, until the end of the block."""
    before = functions_of(stack, *names)
    assert len(before) == len(names)
    for name, values in before.items():
        set_variables(stack, name, {**values, **variables})
    try:
        yield
    finally:
        for name, values in before.items():
            set_variables(stack, name, values)


def set_variables(stack: LocalStack, name: str, variables: Mapping[str, str]) -> None:
    """Replace the variables of a function, whose calls get new environments."""
    stack.emulator.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": dict(variables)}
    )


def unrecorded_job(runner: JobRunner) -> str:
    """Run a job whose outcome nothing can record, and return its id."""
    recorders = ("conclude", "finalize_execution")
    with environment(runner.stack, *recorders, COURIER_TABLE="gone"):
        job_id = run_to_failure(runner, "Unrecorded")
        assert "outcome" not in runner.job_item(job_id)
    return job_id


@pytest.mark.fault(84)
def test_retry_a_job_unrecorded(api: ApiClient, runner: JobRunner) -> None:
    """Only the table was out of reach: the results are there, and paid."""
    job_id = unrecorded_job(runner)

    assert_delivered_and_paid_once(runner, retry(api, runner, job_id))

    earlier = api.call("GET", f"/jobs/{job_id}")["earlier_attempts"]
    assert [(a["outcome"], a["error"]) for a in earlier] == [("failed", "Unrecorded")]


@pytest.mark.fault(84)
def test_retry_a_job_unrecorded_and_cancelled(
    api: ApiClient, runner: JobRunner
) -> None:
    """Whoever cancels it first must not lose it for good."""
    job_id = unrecorded_job(runner)
    api.call("POST", f"/jobs/{job_id}/cancel")

    assert_delivered_and_paid_once(runner, retry(api, runner, job_id))


@pytest.mark.usefixtures("slow")
def test_alarm_job_overdue(api: ApiClient, runner: JobRunner) -> None:
    """An execution that hangs is given up, and its job goes on from what is stored."""
    job_id = runner.upload(_KEY, _EMAILS)
    wait_for(lambda: len(runner.stack.ipqs.csvs) == 1)
    wait_for(lambda: "provider_ref" in runner.job_item(job_id))
    api.call("POST", f"/jobs/{job_id}/cancel")
    runner.stack.ipqs.behave(seconds_processing=0.0)
    runner.stack.emulator.set_wait_scale(0.0)

    view = retry(api, runner, job_id)

    assert "Submit" not in view.states
    assert_delivered_and_paid_once(runner, view)


def test_alarm_jobs_failing(api: ApiClient, runner: JobRunner) -> None:
    """The cause is outside of the jobs; once it is gone, they are retried."""
    runner.stack.ipqs.behave(statuses=("ERROR",))
    job_id = run_to_failure(runner, "ProviderFailed")
    runner.stack.ipqs.behave(statuses=("FINISHED",))

    assert_delivered_and_paid_once(runner, retry(api, runner, job_id))


def test_alarm_dead_letters_of_intake(runner: JobRunner) -> None:
    """A redrive sends them to the intake queue, as often as somebody likes."""
    sqs = runner.stack.emulator.client("sqs")
    dead_letters = runner.stack.outputs["DeadLetterQueueUrl"]
    view = runner.run(_KEY, _EMAILS)
    assert view.job is not None
    source, destination = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        for url in (dead_letters, runner.stack.outputs["IntakeQueueUrl"])
    )
    for _ in range(2):
        sqs.send_message(QueueUrl=dead_letters, MessageBody=object_created(view.job))
        sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)

    wait_for(lambda: len(runner.log_lines('"job known"')) >= 2)
    assert len(runner.stack.ipqs.csvs) == 1


@pytest.mark.fault(84)
def test_alarm_dead_letters_of_finalize_execution(runner: JobRunner) -> None:
    """The function takes the event of a message, and does what was left undone."""
    job_id = unrecorded_job(runner)
    event = {"detail": {"executionArn": runner.stack.execution_arn(job_id)}}
    (name,) = functions_of(runner.stack, "finalize_execution")
    for _ in range(2):
        response = runner.stack.emulator.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event)
        )
        assert "FunctionError" not in response

    assert runner.job_item(job_id)["outcome"] == "failed"
    assert len(runner.notices(job_id)) == 1


@pytest.mark.fault(21)
@pytest.mark.usefixtures("slow")
def test_alarm_credits_used_up(api: ApiClient, runner: JobRunner) -> None:
    """The job says what it waits for, and goes on by itself once it was bought."""
    runner.stack.ipqs.behave(seconds_processing=0.0, credits_back_at=math.inf)
    job_id = runner.upload(_KEY, _EMAILS)
    wait_for(lambda: [r for r in runner.stack.ipqs.requests if r.call == "upload"])
    wait_for(lambda: "held_for" in runner.job_item(job_id))
    assert api.call("GET", f"/jobs/{job_id}")["hold"]["error"] == "OutOfCredits"

    runner.stack.ipqs.behave(credits_back_at=0.0)

    assert_delivered_and_paid_once(runner, runner.wait_for_end(job_id))
    assert api.call("GET", f"/jobs/{job_id}")["hold"] is None


@pytest.mark.parametrize("answer", ["approve", "cancel"])
def test_alarm_quote_unanswered(api: ApiClient, runner: JobRunner, answer: str) -> None:
    """Who approves a job gets its results; one that is cancelled has cost nothing."""
    job_id = runner.upload(_KEY, _EMAILS, metadata={"courier-quote": "yes"})
    (notice,) = runner.notices(job_id)
    quoted = api.call("GET", f"/jobs/{job_id}")
    assert (quoted["phase"], quoted["quote"]["to_send"]) == ("quoted", 12)
    assert notice["MessageAttributes"]["notice"]["Value"] == "quote"

    api.call("POST", f"/jobs/{job_id}/{answer}")

    if answer == "approve":
        assert_delivered_and_paid_once(runner, runner.wait_for_end(job_id))
    else:
        wait_for(lambda: len(runner.notices(job_id)) > 1)
        assert runner.submissions(job_id) == 0


@pytest.mark.fault(33)
def test_alarm_unknown_status_word(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """A job that reached its deadline meanwhile goes on, and is not sent again."""
    csv_id = runner.stack.ipqs.add_finished(results={"all": _EMAILS})
    runner.stack.ipqs.behave(statuses=("SHUFFLING",))
    job = Job(
        job_id=uuid.uuid4().hex * 2,
        provider="ipqs",
        type="email",
        provider_ref=str(csv_id),
    )
    days_ago = time.time() - 3 * 86_400
    record = job_store.create_requested(job, request_hash="", now=days_ago)
    timed_out = runner.execute(record.to_job().to_state())
    assert timed_out.error == "DeadlinePassed"
    runner.stack.ipqs.behave(statuses=("FINISHED",))

    view = retry(api, runner, job.job_id)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert "Submit" not in view.states


def store_key(stack: LocalStack, **secret: str) -> None:
    """Write the secret of IPQS, as docs/deploy.md says."""
    stack.emulator.client("secretsmanager").put_secret_value(
        SecretId=stack.outputs["IpqsSecretArn"], SecretString=json.dumps(secret)
    )


@pytest.fixture
def old_key(stack: LocalStack) -> Iterator[None]:
    """Restore the key of IPQS after a test.

    Environments that have read another one would call the provider with that first, and
    use up an answer that the next test has scripted: they are not used again.
    """
    yield
    stack.ipqs.rotate_key(LOCAL_KEY)
    store_key(stack, api_key=LOCAL_KEY)
    for name, variables in functions_of(stack, *_CALLING_PROVIDERS).items():
        set_variables(stack, name, {**variables, "KEY_RESTORED": uuid.uuid4().hex})


def stored(key: str) -> _Change:
    """Return the change that puts a key into the secret."""
    return lambda stack: store_key(stack, api_key=key)


def rotated(key: str) -> _Change:
    """Return the change of the key at the provider only."""
    return lambda stack: stack.ipqs.rotate_key(key)


def rotated_and_emptied(key: str) -> _Change:
    """Return the change of the key at the provider, with no key in the secret."""

    def change(stack: LocalStack) -> None:
        stack.ipqs.rotate_key(key)
        store_key(stack)

    return change


def wrong_links(stack: LocalStack) -> None:
    """Let every link lead to where no result is."""
    stack.ipqs.behave(links_instead="https://elsewhere.example/x")


def right_links(stack: LocalStack) -> None:
    """Let links lead to results again."""
    stack.ipqs.behave(links_instead=None)


#: By the error that ends the job: what causes it, and what the advice says to do
#: before the job is retried.
_REMEDIES: dict[str, tuple[_Change, _Change]] = {
    "CredentialsMissing": (rotated_and_emptied("key-2"), stored("key-2")),
    "CredentialsRejected": (rotated("key-3"), stored("key-3")),
    "ResultsIncomplete": (wrong_links, right_links),
}
#: Errors whose job is retried elsewhere, or ends as another error: there.
_ALSO_RETRIED = {
    "DeadlinePassed": "test_alarm_unknown_status_word",
    "JobEnded": "test_alarm_job_overdue",
    "ProviderFailed": "test_alarm_jobs_failing",
    "ResultNotATable": "ResultsIncomplete",
    "ResultTooLarge": "ResultsIncomplete",
    "RowsUnjoinable": "tests/world/test_joined.py",
    "TransferIncomplete": "ResultsIncomplete",
    "TransferTooSlow": "ResultsIncomplete",
}


@pytest.mark.usefixtures("old_key")
@pytest.mark.parametrize("error", _REMEDIES)
def test_error(api: ApiClient, runner: JobRunner, error: str) -> None:
    """After the advice is followed, a retry delivers what was paid for once."""
    cause, remedy = _REMEDIES[error]
    cause(runner.stack)
    job_id = run_to_failure(runner, error)
    remedy(runner.stack)

    assert_delivered_and_paid_once(runner, retry(api, runner, job_id))


#: The alarms whose section only says to follow that of an error.
_BY_ERROR = {"credentials refused": "CredentialsRejected"}


def test_every_remedy_is_carried_out() -> None:
    """A remedy that no test carries out can be refused by the product."""
    tests = [name for name in globals() if name.startswith("test_alarm_")]
    alarms = set(re.findall(r"(?m)^### Alarm: (.+)$", RUNBOOK.read_text()))
    carried_out = {
        alarm
        for alarm in alarms
        for test in tests
        if test.startswith(f"test_alarm_{re.sub('[ -]', '_', alarm)}")
    }
    retried = {
        error.__name__
        for error in (*RETRYABLE, *PERMANENT)
        if "retry the job" in error.advice.lower()
    }

    assert alarms == carried_out | _BY_ERROR.keys() | _NOT_ON_A_STACK.keys()
    assert retried <= _REMEDIES.keys() | _ALSO_RETRIED.keys()
