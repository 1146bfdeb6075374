"""This release finishes what an earlier one started and reads what it stored."""

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
from infra.app import stack_name
from local import sample
from local.execution_view import ExecutionView, read_execution
from local.simulators.txncheck import TxncheckSimulator
from local.stack import STAGE, LocalStack
from tests.integration.harness import JobRunner, wait_for
from tests.unit import recordings

_EMAILS = sample.emails(12)
_PEOPLE = (
    b"mobile,name\n+919800000001,Asha Example\n12345,Ben Example\n"
    b"+919800000008,Chen Example\n"
)
#: Later than all that is recorded.
_NOW = 1_795_700_000.0


def _named(stack: LocalStack, logical_id: str) -> str:
    """Return the name of a resource of the stack."""
    found = stack.emulator.client("cloudformation").describe_stack_resource(
        StackName=stack_name(STAGE), LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(params=["current definition", "earlier definition"])
def machine(request: pytest.FixtureRequest, stack: LocalStack) -> Iterator[str]:
    """Yield a state machine that calls the functions of this release.

    An execution that was in flight keeps the definition with which it started.
    """
    current = stack.outputs["StateMachineArn"]
    if request.param == "current definition":
        yield current
        return

    def resolved(reference: re.Match[str]) -> str:
        match reference[1].split("."):
            case ["AWS::Partition"]:
                return "aws"
            case [function, "Arn"]:
                described = stack.emulator.client("lambda").get_function(
                    FunctionName=_named(stack, function)
                )
                return str(described["Configuration"]["FunctionArn"])
        return _named(stack, reference[1])

    states = stack.emulator.client("stepfunctions")
    created = states.create_state_machine(
        name=f"earlier-{uuid.uuid4()}",
        definition=re.sub("<(.+?)>", resolved, recordings.definition()),
        roleArn=states.describe_state_machine(stateMachineArn=current)["roleArn"],
    )["stateMachineArn"]
    yield created
    states.delete_state_machine(stateMachineArn=created)


def _run(courier: JobRunner, machine: str, state: dict[str, Any]) -> ExecutionView:
    """Start an execution with a state, and wait for its end."""
    states = courier.stack.emulator.client("stepfunctions")
    execution = states.start_execution(
        stateMachineArn=machine, name=state["job_id"], input=json.dumps(state)
    )["executionArn"]

    def ended() -> ExecutionView | None:
        view = read_execution(states, execution)
        return view if view.ended else None

    return wait_for(ended)


def _received(courier: JobRunner, name: str, content: bytes) -> dict[str, Any]:
    """Return a recorded input, for a list that is in the inbox of this stack."""
    state = recordings.state(name)
    state["job_id"] = uuid.uuid4().hex * 2
    state["bucket"] = courier.stack.outputs["InboxBucket"]
    state["key"] = "earlier/list.csv"  # where an upload starts no other job
    state["version_id"] = courier.stack.emulator.client("s3").put_object(
        Bucket=state["bucket"], Key=state["key"], Body=content
    )["VersionId"]
    return state


def _store(stack: LocalStack, logical_id: str, name: str, **changed: str) -> None:
    """Put a recorded item into a table; it may have expired since."""
    item = recordings.item(name)
    item.pop("expires_at", None)
    item |= {name: {"S": value} for name, value in changed.items()}
    table = _named(stack, logical_id)
    stack.emulator.client("dynamodb").put_item(TableName=table, Item=item)


@pytest.mark.fault(38)
def test_an_execution_that_was_started_before_ends_well(
    courier: JobRunner, machine: str
) -> None:
    """A deployment meets executions that have not taken a step yet."""
    state = _received(courier, "ipqs-received", _EMAILS)

    view = _run(courier, machine, state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert courier.job_item(state["job_id"])["outcome"] == "succeeded"
    manifest = courier.manifest(view)
    assert (manifest["outcome"], manifest["rows"]["sent"]) == ("succeeded", 12)
    assert len(courier.stack.ipqs.csvs) == 1
    assert len(courier.notices(state["job_id"])) == 1


@pytest.mark.fault(38)
def test_an_execution_that_waited_before_ends_well(
    courier: JobRunner, machine: str
) -> None:
    """What is paid and in work when a deployment comes is fetched, not sent again."""
    state = recordings.state("ipqs-waiting")
    state["job_id"] = uuid.uuid4().hex * 2
    added = courier.stack.ipqs.add_finished(results={"all": _EMAILS})
    state["provider_ref"] = str(added)
    _store(
        courier.stack,
        "StorageJobs4C7573CB",
        "jobs/in-progress",
        job_id=state["job_id"],
        provider_ref=state["provider_ref"],
    )

    view = _run(courier, machine, state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert "Submit" not in view.states
    item = courier.job_item(state["job_id"])
    assert (item["outcome"], item["polls"], item["rows"]) == ("succeeded", "2", "12")
    manifest = courier.manifest(view)
    assert (manifest["outcome"], manifest["checks"]) == ("succeeded", 2)
    assert manifest["timing"]["submitted_at"] == state["submitted_at"]
    (file,) = manifest["files"]
    assert courier.stack.result(file["key"]) == _EMAILS


@pytest.mark.fault(38)
def test_an_execution_that_was_started_before_fails_by_the_name_of_its_error(
    courier: JobRunner, machine: str
) -> None:
    """The error that a step raises is caught, and ends the execution by its name."""
    state = _received(courier, "ipqs-received", b"email\n")

    view = _run(courier, machine, state)

    assert (view.status, view.error) == ("FAILED", "SourceEmpty")
    assert courier.job_item(state["job_id"])["error"] == "SourceEmpty"


@pytest.mark.fault(38)
@pytest.mark.usefixtures("txncheck")
def test_a_batch_that_was_started_before_ends_well(
    courier: JobRunner, machine: str
) -> None:
    """Each request waits for its webhook, and its result reaches the batch."""
    state = _received(courier, "batch-received", _PEOPLE)

    view = _run(courier, machine, state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    manifest = courier.manifest(view)
    assert manifest["outcome"] == "partial"
    assert manifest["batch"] == {
        "requests": 2,
        "outcomes": {"failed": 1, "invalid": 1, "succeeded": 1},
    }


@pytest.mark.fault(38)
def test_a_request_that_waited_for_a_webhook_before_ends_well(
    courier: JobRunner, txncheck: TxncheckSimulator, machine: str
) -> None:
    """It is checked, and its result is fetched, without another submission."""
    request = sample.full_check()
    delivered = courier.run("txncheck/full-check/request.json", request).job
    assert delivered is not None
    state = recordings.state("txncheck-listening")
    state["job_id"] = uuid.uuid4().hex * 2
    state["provider_ref"] = delivered.provider_ref

    view = _run(courier, machine, state)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert courier.manifest(view)["outcome"] == "partial"
    assert len(txncheck.accepted) == 1


@pytest.mark.fault(38)
def test_a_batch_whose_requests_ended_before_is_gathered(stack: LocalStack) -> None:
    """Its requests are paid; their results and its rows were written before."""
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

    answer = stack.emulator.client("lambda").invoke(
        FunctionName=_named(stack, "FunctionsGather687A150E"),
        Payload=json.dumps(state),
    )

    gathered = json.loads(answer["Payload"].read())
    assert gathered["next"] == "report"
    assert gathered["batch"]["outcomes"] == {"failed": 2, "invalid": 1, "succeeded": 2}
    assert stack.result(f"{folder}/result.jsonl") == recordings.content(
        "documents/batch-result.jsonl"
    )


@pytest.fixture
def callbacks(stack: LocalStack) -> CallbackStore:
    """Return the waits table of the stack."""
    return CallbackStore(
        _named(stack, "StorageWaits8A45EABA"),
        dynamodb=stack.emulator.client("dynamodb"),
        step_functions=stack.emulator.client("stepfunctions"),
    )


def test_a_webhook_finds_the_wait_that_began_before(
    stack: LocalStack, callbacks: CallbackStore
) -> None:
    """It is found by the reference; the recorded token is of a wait that is over."""
    _store(stack, "StorageWaits8A45EABA", "waits/waiting")
    reference = recordings.state("txncheck-listening")["provider_ref"]

    receipt = callbacks.deliver("txncheck", reference, "request.partial", now=_NOW)

    job_id = recordings.state("txncheck-listening")["job_id"]
    assert (receipt.outcome, receipt.job_id) == (WebhookOutcome.LATE, job_id)


def test_a_wait_finds_the_webhook_that_came_before(
    stack: LocalStack, callbacks: CallbackStore
) -> None:
    """Nothing else would end the wait before the next poll."""
    _store(stack, "StorageWaits8A45EABA", "waits/called-early")
    job = Job.from_state(recordings.state("txncheck-listening")).with_(
        provider_ref="f728b4fa-4248-4e3a-8a5d-2f346baa9455"
    )

    assert callbacks.register_token(job, "token", now=_NOW) == 1795654772.8476634


def test_a_submission_waits_for_the_slots_that_were_reserved_before(
    stack: LocalStack,
) -> None:
    """The provider counts the calls of both releases."""
    limiter = RateLimiter(
        _named(stack, "StorageWaits8A45EABA"),
        "earlier",
        limit=RateLimit(calls=1, seconds=1.0, leeway_seconds=0.0),
        dynamodb=stack.emulator.client("dynamodb"),
    )
    _store(stack, "StorageWaits8A45EABA", "waits/rate", wait_id="pace:earlier")

    assert limiter.reserve(now=1795654774.0) == pytest.approx(
        1795654774.9519077, rel=0, abs=1e-3
    )
