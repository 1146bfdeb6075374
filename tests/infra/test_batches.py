"""How the requests of a batch are run: each by itself, bounded, told in a few words."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template as Synthesized

from functions.core.model import Job, Next, Part
from functions.core.rate_limit import RateLimit
from infra import config
from infra.stack import VerdictCourier
from tests.infra.template import Json, Template

SETTINGS = config.stage("prod", config.context()["courier"])


def requests(template: Template) -> Json:
    """Return the Map over a batch's requests."""
    found: Json = template.definition()["States"]["Requests"]
    return found


def test_each_request_is_an_execution_of_its_own(template: Template) -> None:
    """Of the kind that lasts for days: an express one ends after five minutes."""
    processor = requests(template)["ItemProcessor"]

    assert processor["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert processor["StartAt"] == "Submit request"


def test_no_request_ends_the_others(template: Template) -> None:
    """What failed is a line of the result; the Map does not stop for it."""
    found = requests(template)

    assert found["ToleratedFailurePercentage"] == 100
    assert "ToleratedFailureCount" not in found
    assert found["Next"] == "Gather"


def test_as_many_are_on_their_way_as_the_setting_says(prod: Template) -> None:
    """Each of them calls our functions, of which an account has not many."""
    assert requests(prod)["MaxConcurrency"] == SETTINGS.batch_max_concurrency


def test_the_setting_bounds_what_is_on_its_way() -> None:
    """Not a number that stands there by chance."""
    settings = deepcopy(config.context()["courier"])
    settings["every_stage"]["batch_max_concurrency"] = 7
    app = App(context=config.context())
    stack = VerdictCourier(app, "Narrow", stage=config.stage("prod", settings))

    narrow = Template(dict(Synthesized.from_stack(stack).to_json()))

    assert requests(narrow)["MaxConcurrency"] == 7


def test_the_list_of_requests_is_read_from_the_batch_itself(
    template: Template,
) -> None:
    """Its key is in the state; the bodies stay in S3, and out of every history."""
    inbox, _ = template.named("AWS::S3::Bucket", "Inbox")
    reader = requests(template)["ItemReader"]

    assert reader["Resource"].endswith(":s3:getObject")
    assert reader["ReaderConfig"] == {"InputType": "JSON"}
    assert reader["Parameters"] == {
        "Bucket": f"<{inbox}>",
        "Key.$": "$.batch.items_key",
    }


def test_a_request_begins_as_a_job_of_its_own(template: Template) -> None:
    """It is read by the code of any job, with the item and its batch put together."""
    item = {"job_id": "j", "type": "t", "part": {"batch_id": "b", "number": 3}}
    batch = {
        "provider": "p",
        "bucket": "inbox",
        "batch": {"key": "bodies", "version_id": "v"},
    }
    selector: dict[str, str] = requests(template)["ItemSelector"]

    selected = {
        name.removesuffix(".$"): _selected(path, item, batch)
        for name, path in selector.items()
    }

    assert Job.from_state(selected) == Job(
        job_id="j",
        provider="p",
        type="t",
        bucket="inbox",
        key="bodies",
        version_id="v",
        part=Part(batch_id="b", number=3),
    )


def _selected(path: str, item: Json, state: Json) -> Any:  # noqa: ANN401 - any JSON
    """Do what Step Functions does with a path of the two forms that are used."""
    found: Any = state
    names = path.removeprefix("$.").split(".")
    if path.startswith("$$.Map.Item.Value."):
        found, names = item, path.split(".")[4:]
    for name in names:
        found = found[name]
    return found


def test_a_request_ends_with_a_few_words(template: Template) -> None:
    """All of them stand side by side in the state of the batch, which is bounded."""
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
        assert list(state["Parameters"]) == ["told.$"]
        assert state["OutputPath"] == "$.told"


def test_a_request_goes_the_way_of_a_job(template: Template) -> None:
    """The same poll: what is decided of a job is decided of a request."""
    outer = template.definition()["States"]
    inner = requests(template)["ItemProcessor"]["States"]

    for name in ("Submit", "Check", "Listen", "Wait", "Hold"):
        ours, theirs = _as_a_job(outer[name]), _as_a_job(inner[f"{name} request"])
        assert theirs == ours, name
    routed = {c["StringEquals"]: c["Next"] for c in inner["Route request"]["Choices"]}
    assert routed == {
        Next.HOLD: "Hold request",
        Next.WAIT: "Wait request",
        Next.LISTEN: "Listen request",
        Next.COLLECT: "Download request",
    }


def _as_a_job(state: Json) -> Json:
    """Forget where a state stands, and where what it cannot mend goes."""
    said: Json = json.loads(json.dumps(state).replace(" request", ""))
    if "TimeoutSeconds" in said:
        (caught,) = said["Catch"]
        assert caught.pop("Next") in {"Conclude", "Failed"}
    return said


def test_a_full_batch_is_sent_within_its_time(
    assembly: Callable[[str], Path],
) -> None:
    """At the provider's rate, with a day for the last request to be waited for."""
    timeout = Template.read(assembly("prod")).definition()["TimeoutSeconds"]

    for provider in SETTINGS.providers.values():
        if provider.rate is None:
            continue
        rate = provider.rate
        slots = RateLimit(
            calls=rate.calls, seconds=rate.seconds, leeway_seconds=rate.leeway_seconds
        )
        sending = provider.max_batch_requests * slots.interval
        assert sending < provider.poll.deadline_seconds
        assert sending + provider.poll.deadline_seconds < timeout
