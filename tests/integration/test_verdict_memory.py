"""Verdict memory: deployed, with its rights, its table and its generated secret."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from verdict_courier.api_client import ApiClient

from local.stack import LocalStack
from tests.integration.harness import JobRunner
from tests.integration.test_runbook import environment, functions_of

_NAMES = ("ruth", "noor", "ines")
_LIST = "".join(f"{name}@memory.example\n" for name in _NAMES).encode()


@pytest.fixture
def remembering(stack: LocalStack) -> Iterator[None]:
    """Switch the memory on, as the setting and a deployment do."""
    with ExitStack() as block:
        for name in ("prepare", "join"):
            ((_, variables),) = functions_of(stack, name).items()
            providers = json.loads(variables["COURIER_PROVIDERS"])
            providers["ipqs"]["remember_days"] = 30
            text = json.dumps(providers)
            block.enter_context(environment(stack, name, COURIER_PROVIDERS=text))
        yield


@pytest.mark.usefixtures("remembering")
def test_a_list_that_comes_again_is_not_paid_again(runner: JobRunner) -> None:
    """Unless a value is forgotten; and the table has no plain value."""
    stack = runner.stack
    api = ApiClient.local(stack.api_url)

    def received() -> list[bytes]:
        uploads = [each.upload for each in stack.ipqs.csvs if each.upload]
        contents = [upload.read_bytes() for upload in uploads]
        return [each for each in contents if b"@memory.example" in each]

    tables = stack.emulator.client("dynamodb")
    (table,) = (n for n in tables.list_tables()["TableNames"] if "Verdicts" in n)
    first = runner.run("ipqs/email/first.csv", _LIST)
    assert first.job is not None
    again = runner.run("ipqs/email/again.csv", _LIST)
    once = received()
    scanned = tables.scan(TableName=table)["Items"]
    # A list of another test may end meanwhile.
    items = [each for each in scanned if each["job_id"]["S"] == first.job.job_id]
    body = {"provider": "ipqs", "type": "email", "values": ["RUTH@memory.example"]}
    forgotten = api.call("POST", "/memory/forget", body)
    runner.run("ipqs/email/more.csv", _LIST)

    assert again.status == "SUCCEEDED"
    assert "Submit" not in again.states
    rows = runner.manifest(again)["rows"]
    assert (rows["remembered"], rows["sent"], rows["verdict"]) == (3, 0, "complete")
    assert once == [b"email\n" + _LIST]
    assert len(items) == len(_NAMES)
    assert not [name for name in (*_NAMES, "memory.example") if name in str(items)]
    assert forgotten == {"values": 1, "forgotten": 1}
    assert received() == [*once, b"email\nruth@memory.example\n"]
