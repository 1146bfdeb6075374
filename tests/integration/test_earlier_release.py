"""This release finishes what an earlier one started, and reads what it stored."""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from functions.aws.callbacks import CallbackStore, WebhookOutcome
from functions.aws.rate_limiter import RateLimiter
from functions.core.model import Job
from functions.core.rate_limit import RateLimit
from infra.config import stack_name
from local import sample
from local.simulators.txncheck import TxncheckSimulator
from local.stack import STAGE, LocalStack
from tests.integration.harness import JobRunner
from tests.unit import recordings

_EMAILS = sample.emails(12)
_PEOPLE = (
    b"mobile,name\n+919800000001,Asha Example\n12345,Ben Example\n"
    b"+919800000008,Chen Example\n"
)
_WAITS = "StorageWaits8A45EABA"
#: Later than every time in the recordings.
_NOW = 1_795_700_000.0


def _physical_name(stack: LocalStack, logical_id: str) -> str:
    """Return the name that a resource of the stack got in deployment."""
    found = stack.emulator.client("cloudformation").describe_stack_resource(
        StackName=stack_name(STAGE), LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(params=["current definition", "earlier definition"])
def definition(request: pytest.FixtureRequest, stack: LocalStack) -> Iterator[None]:
    """Set the state machine's definition, which calls the functions of this release.

    An execution that was in flight keeps the definition with which it started.
    """
    if request.param == "current definition":
        yield
        return

    def resolved(reference: re.Match[str]) -> str:
        match reference[1].split("."):
            case ["AWS::Partition"]:
                return "aws"
            case [function, "Arn"]:
                described = stack.emulator.client("lambda").get_function(
                    FunctionName=_physical_name(stack, function)
                )
                return str(described["Configuration"]["FunctionArn"])
        return _physical_name(stack, reference[1])

    states = stack.emulator.client("stepfunctions")
    machine = stack.outputs["StateMachineArn"]
    current = states.describe_state_machine(stateMachineArn=machine)["definition"]
    earlier = re.sub("<(.+?)>", resolved, recordings.definition())
    states.update_state_machine(stateMachineArn=machine, definition=earlier)
    yield
    states.update_state_machine(stateMachineArn=machine, definition=current)


def _received(runner: JobRunner, name: str, content: bytes) -> dict[str, Any]:
    """Return a recorded input, for a list in the inbox of this stack."""
    state = recordings.state(name)
    state["job_id"] = uuid.uuid4().hex * 2
    state["bucket"] = runner.stack.outputs["InboxBucket"]
    state["key"] = "earlier/list.csv"  # where an upload starts no other job
    state["version_id"] = runner.stack.emulator.client("s3").put_object(
        Bucket=state["bucket"], Key=state["key"], Body=content
    )["VersionId"]
    return state


def _store(stack: LocalStack, logical_id: str, name: str, **changes: str) -> None:
    """Put a recorded item into a table, without the time at which it expires."""
    item = recordings.item(name)
    item.pop("expires_at", None)
    item |= {name: {"S": value} for name, value in changes.items()}
    table = _physical_name(stack, logical_id)
    stack.emulator.client("dynamodb").put_item(TableName=table, Item=item)


@pytest.mark.fault(38)
@pytest.mark.usefixtures("definition")
def test_an_execution_that_was_started_before_ends_well(
    runner: JobRunner,
) -> None:
    """A deployment meets executions that have not taken a step yet."""
    state = _received(runner, "ipqs-received", _EMAILS)

    view = runner.execute(state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert runner.job_item(state["job_id"])["outcome"] == "succeeded"
    manifest = runner.manifest(view)
    assert (manifest["outcome"], manifest["rows"]["sent"]) == ("succeeded", 12)
    assert len(runner.stack.ipqs.csvs) == 1
    assert len(runner.notices(state["job_id"])) == 1


@pytest.mark.fault(38)
@pytest.mark.usefixtures("definition")
def test_an_execution_that_was_waiting_ends_well(
    runner: JobRunner,
) -> None:
    """A list that is at the provider during a deployment is not submitted again."""
    state = recordings.state("ipqs-waiting")
    state["job_id"] = uuid.uuid4().hex * 2
    csv_id = runner.stack.ipqs.add_finished(
        results={"all": _EMAILS}, file_name=f"{state['job_id']}.csv"
    )
    state["provider_ref"] = str(csv_id)
    _store(
        runner.stack,
        "StorageJobs4C7573CB",
        "jobs/in-progress",
        job_id=state["job_id"],
        provider_ref=state["provider_ref"],
    )

    view = runner.execute(state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert "Submit" not in view.states
    item = runner.job_item(state["job_id"])
    assert (item["outcome"], item["polls"], item["rows"]) == ("succeeded", "2", "12")
    manifest = runner.manifest(view)
    assert (manifest["outcome"], manifest["checks"]) == ("succeeded", 2)
    assert manifest["timing"]["submitted_at"] == state["submitted_at"]
    (file,) = manifest["files"]
    assert runner.stack.result(file["key"]) == _EMAILS


@pytest.mark.fault(38)
@pytest.mark.usefixtures("definition")
def test_an_execution_that_was_started_before_fails_with_its_error(
    runner: JobRunner,
) -> None:
    """The error that a step raises is caught, and names the failure."""
    state = _received(runner, "ipqs-received", b"email\n")

    view = runner.execute(state)

    assert (view.status, view.error) == ("FAILED", "SourceEmpty")
    assert runner.job_item(state["job_id"])["error"] == "SourceEmpty"


@pytest.mark.fault(38)
@pytest.mark.usefixtures("definition", "txncheck")
def test_a_batch_that_was_started_before_ends_well(
    runner: JobRunner,
) -> None:
    """Each request waits for its webhook, and its result reaches the batch."""
    state = _received(runner, "batch-received", _PEOPLE)

    view = runner.execute(state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    manifest = runner.manifest(view)
    assert manifest["outcome"] == "partial"
    assert manifest["batch"] == {
        "requests": 2,
        "outcomes": {"failed": 1, "invalid": 1, "succeeded": 1},
    }


@pytest.mark.fault(38)
@pytest.mark.usefixtures("definition")
def test_a_request_that_was_waiting_for_a_webhook_ends_well(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """It is checked, and its result is fetched, without another submission."""
    request = sample.full_check()
    delivered = runner.run("txncheck/full-check/request.json", request).job
    assert delivered is not None
    state = recordings.state("txncheck-listening")
    state["job_id"] = uuid.uuid4().hex * 2
    state["provider_ref"] = delivered.provider_ref

    view = runner.execute(state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert runner.manifest(view)["outcome"] == "partial"
    assert len(txncheck.accepted) == 1


@pytest.mark.fault(38)
def test_a_batch_whose_requests_have_ended_is_gathered(stack: LocalStack) -> None:
    """Its requests are paid; their results and its rows are stored."""
    state = recordings.state("batch-gathering")
    state["bucket"] = stack.outputs["InboxBucket"]
    s3 = stack.emulator.client("s3")
    for name in ("items.json", "rows.json", "requests.jsonl"):
        s3.put_object(
            Bucket=state["bucket"],
            Key=f"batches/txncheck/{state['job_id']}/{name}",
            Body=recordings.content(f"documents/{name}"),
        )
    folder = f"txncheck/upi-by-mobile/{state['job_id']}"
    requests = [item["job_id"] for item in recordings.document("items.json")]
    for number in (0, 3):
        s3.put_object(
            Bucket=stack.outputs["ResultsBucket"],
            Key=f"{folder}/requests/{requests[number]}/result.json",
            Body=recordings.content(f"documents/request-{number}-result.json"),
            Metadata={"job-id": requests[number]},
        )

    response = stack.emulator.client("lambda").invoke(
        FunctionName=_physical_name(stack, "FunctionsGather687A150E"),
        Payload=json.dumps(state),
    )

    gathered = json.loads(response["Payload"].read())
    assert gathered["next"] == "report"
    assert gathered["batch"]["outcomes"] == {"failed": 2, "invalid": 1, "succeeded": 2}
    assert stack.result(f"{folder}/result.jsonl") == recordings.content(
        "documents/batch-result.jsonl"
    )


@pytest.fixture
def callbacks(stack: LocalStack) -> CallbackStore:
    """Return the callback store of the stack."""
    return CallbackStore(
        _physical_name(stack, _WAITS),
        dynamodb=stack.emulator.client("dynamodb"),
        step_functions=stack.emulator.client("stepfunctions"),
    )


def test_a_webhook_finds_an_earlier_wait(
    stack: LocalStack, callbacks: CallbackStore
) -> None:
    """The reference finds it; that wait is over, and so the webhook is late."""
    _store(stack, _WAITS, "waits/waiting")
    reference = recordings.state("txncheck-listening")["provider_ref"]

    receipt = callbacks.deliver("txncheck", reference, "request.partial", now=_NOW)

    job_id = recordings.state("txncheck-listening")["job_id"]
    assert (receipt.outcome, receipt.job_id) == (WebhookOutcome.LATE, job_id)


def test_a_wait_finds_an_earlier_webhook(
    stack: LocalStack, callbacks: CallbackStore
) -> None:
    """Nothing else would end the wait before the next poll."""
    _store(stack, _WAITS, "waits/called-early")
    job = Job.from_state(recordings.state("txncheck-listening")).with_(
        provider_ref="f728b4fa-4248-4e3a-8a5d-2f346baa9455"
    )

    assert callbacks.register_token(job, "token", now=_NOW) == 1795654772.8476634


def test_a_submission_waits_for_slots_that_were_reserved_before(
    stack: LocalStack,
) -> None:
    """The provider counts the calls of both releases."""
    limiter = RateLimiter(
        _physical_name(stack, _WAITS),
        "earlier",
        limit=RateLimit(calls=1, seconds=1.0, leeway_seconds=0.0),
        dynamodb=stack.emulator.client("dynamodb"),
    )
    _store(stack, _WAITS, "waits/rate", wait_id="pace:earlier")

    assert limiter.reserve(now=1795654774.0) == pytest.approx(
        1795654774.9519077, rel=0, abs=1e-3
    )
