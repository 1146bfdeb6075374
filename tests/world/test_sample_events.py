"""Sample events: each has the members of what its function gets today."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.world.site import Site
from tests.world.world import World

_EVENTS = Path(__file__).parents[2] / "events"
_LIST = b"Email\na@rows.example\n\nb@rows.example\nA@rows.example\nnobody\n"
_BATCH = b"mobile\n+919800000001\n\n12\n"
_REQUEST = b'{"mobile": "+919800000001"}'


def members(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the names of the members of an object, and those within."""
    if isinstance(value, dict):
        return {name: members(each) for name, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [members(value[0])]
    return type(value) if isinstance(value, list) else None


@pytest.mark.parametrize(
    ("names", "key", "content", "metadata"),
    [
        (
            ["execution", "begin", "submit", "check", "download", "join", "manifest"],
            "ipqs/email/list.csv",
            _LIST,
            {},
        ),
        (["prepare", "gather"], "txncheck/kyc-by-mobile/list.csv", _BATCH, {}),
        (["listen"], "txncheck/kyc-by-mobile/one.json", _REQUEST, {}),
        (["approve"], "ipqs/email/asked.csv", _LIST, {"courier-quote": "yes"}),
        (["conclude"], "ipqs/email/refused.csv", _LIST, {}),
    ],
)
def test_a_sample_is_what_its_function_gets(
    site: Site, names: list[str], key: str, content: bytes, metadata: dict[str, str]
) -> None:
    """Whoever tries a function with an old form sees what no job does."""
    world = World(site, webhooks="listen" in names)
    if "conclude" in names:
        site.ipqs.rotate_key("another key")
    job = world.upload(key, content, metadata=metadata)
    world.run()

    for name in names:
        sample = json.loads((_EVENTS / f"{name}.json").read_text("utf-8"))
        inputs = [
            call.parameters["Payload"]
            for call in world.aws_calls
            if call.service == "lambda" and call.parameters["FunctionName"] == name
        ]
        if name == "execution":
            inputs = [json.loads(each.input) for each in world.executions(job)]
        # A sample shows one of the inputs; which members are empty may differ.
        assert members(sample) in [members(each) for each in inputs], name
