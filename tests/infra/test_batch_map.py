"""The requests of a batch: independent, limited in number, with short results."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.core.model import BatchPosition, Job, Next
from functions.core.rate_limit import RateLimit
from infra import config
from tests.infra.conftest import CHANGED
from tests.infra.template import Json, Template

SETTINGS = config.stage("prod", config.context()["courier"])


def requests(template: Template) -> Json:
    """Return the Map of a batch's requests."""
    found: Json = template.definition()["States"]["Requests"]
    return found


def test_each_request_is_a_standard_execution(template: Template) -> None:
    """An express execution would end after five minutes; requests last for days."""
    processor = requests(template)["ItemProcessor"]

    assert processor["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert processor["StartAt"] == "Submit request"


def test_a_failed_request_does_not_end_the_others(template: Template) -> None:
    """A failure is a line of the result, not a reason to stop the Map."""
    found = requests(template)

    assert found["ToleratedFailurePercentage"] == 100
    assert "ToleratedFailureCount" not in found
    assert found["Next"] == "Gather"


def test_the_concurrency_is_that_of_the_settings(prod: Template) -> None:
    """Each request calls our functions, and an account runs only so many at once."""
    assert requests(prod)["MaxConcurrency"] == SETTINGS.batch_max_concurrency


def test_another_setting_changes_the_concurrency(changed: Template) -> None:
    """The number above is not a coincidence."""
    assert requests(changed)["MaxConcurrency"] == CHANGED["batch_max_concurrency"]


def test_the_list_of_requests_is_read_from_s3(
    template: Template,
) -> None:
    """The state contains its key only, so that no request is in a history."""
    inbox, _ = template.named("AWS::S3::Bucket", "Inbox")
    reader = requests(template)["ItemReader"]

    assert reader["Resource"].endswith(":s3:getObject")
    assert reader["ReaderConfig"] == {"InputType": "JSON"}
    assert reader["Parameters"] == {
        "Bucket": f"<{inbox}>",
        "Key.$": "$.batch.items_key",
    }


def test_what_requests_ended_with_is_written_to_s3(template: Template) -> None:
    """A state of 256 KiB could not hold it for more than some thousand requests."""
    inbox, _ = template.named("AWS::S3::Bucket", "Inbox")
    writer = requests(template)["ResultWriter"]

    assert writer["Resource"].endswith(":s3:putObject")
    assert writer["Parameters"] == {"Bucket": f"<{inbox}>", "Prefix": "batches/answers"}
    # Without the inputs of the requests, and of lines, which Gather reads one by one.
    assert writer["WriterConfig"] == {
        "OutputType": "JSONL",
        "Transformation": "COMPACT",
    }


def test_the_input_of_a_request_is_a_job(template: Template) -> None:
    """The functions read it like any job; it combines an item with its batch."""
    item = {"job_id": "j", "type": "t", "part": {"batch_id": "b", "number": 3}}
    batch = {
        "provider": "p",
        "bucket": "inbox",
        "batch": {"key": "bodies", "version_id": "v"},
    }
    selector: dict[str, str] = requests(template)["ItemSelector"]

    selected = {
        name.removesuffix(".$"): _evaluate(path, item, batch)
        for name, path in selector.items()
    }

    assert Job.from_state(selected) == Job(
        job_id="j",
        provider="p",
        type="t",
        bucket="inbox",
        key="bodies",
        version_id="v",
        part=BatchPosition(batch_id="b", number=3),
    )


def _evaluate(path: str, item: Json, state: Json) -> Any:  # noqa: ANN401 - any JSON
    """Evaluate a path as Step Functions does, in the two forms that are used."""
    value: Any = state
    names = path.removeprefix("$.").split(".")
    if path.startswith("$$.Map.Item.Value."):
        value, names = item, path.split(".")[4:]
    for name in names:
        value = value[name]
    return value


def test_a_request_outputs_one_short_text(template: Template) -> None:
    """Gather reads the texts of all requests at once."""
    inner = requests(template)["ItemProcessor"]["States"]
    ends = {name: state for name, state in inner.items() if state.get("End")}

    assert {n.removesuffix(" request") for n in ends} == {
        "Ended",
        "Failed",
        "Partial",
        "Succeeded",
    }
    for state in ends.values():
        assert state["Type"] == "Pass"
        assert list(state["Parameters"]) == ["result.$"]
        assert state["OutputPath"] == "$.result"


def test_a_request_is_polled_like_a_job(template: Template) -> None:
    """Both use the same loop, so that decisions on jobs hold for requests."""
    outer = template.definition()["States"]
    inner = requests(template)["ItemProcessor"]["States"]

    for name in ("Submit", "Check", "Listen", "Wait", "Hold"):
        of_request = _normalize(inner[f"{name} request"])
        assert of_request == _normalize(outer[name]), name
    routed = {c["StringEquals"]: c["Next"] for c in inner["Route request"]["Choices"]}
    assert routed == {
        Next.HOLD: "Hold request",
        Next.WAIT: "Wait request",
        Next.LISTEN: "Listen request",
        Next.COLLECT: "Download request",
    }


def _normalize(state: Json) -> Json:
    """Remove from a state whose loop it is in, and where its failures go."""
    normalized: Json = json.loads(json.dumps(state).replace(" request", ""))
    if "TimeoutSeconds" in normalized:
        (caught,) = normalized["Catch"]
        assert caught.pop("Next") in {"Conclude", "Failed"}
    return normalized


def test_a_full_batch_ends_within_the_time_of_an_execution(
    assembly: Callable[[str], Path],
) -> None:
    """At the provider's rate, with a whole deadline for the last request."""
    timeout = Template.read(assembly("prod")).definition()["TimeoutSeconds"]

    for provider in SETTINGS.providers.values():
        if provider.rate is None:
            continue
        rate = provider.rate
        slots = RateLimit(
            calls=rate.calls, seconds=rate.seconds, leeway_seconds=rate.leeway_seconds
        )
        sending = provider.max_batch_requests * slots.interval
        assert sending + provider.poll.deadline_seconds < timeout
        # Its work files and the results of its requests are still there.
        assert provider.data_retention_days is not None
        kept = (provider.data_retention_days - 1) * 86_400  # S3 deletes once a day
        assert sending + provider.poll.deadline_seconds < kept
