"""Shards: a list of twelve uploads, with faults in three, on the whole stack."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from verdict_courier.api_client import ApiClient

from functions.core import keys
from functions.core.provider_settings import IpqsSettings, parse_providers, to_json
from local.simulators.faults import Answer
from local.stack import LocalStack
from tests.integration.harness import JobRunner
from tests.integration.test_runbook import environment, functions_of

_SHARDS, _ROWS = 12, 5
_VALUES = [f"person{number}@rows.example" for number in range(_SHARDS * _ROWS)]
_LIST = ("Nr;E-Mail\n" + "".join(f"{n};{v}\n" for n, v in enumerate(_VALUES))).encode()


@pytest.fixture
def small_uploads(stack: LocalStack) -> Iterator[None]:
    """Let an upload take five values, as Prepare sees it."""
    (variables,) = functions_of(stack, "prepare").values()
    providers = parse_providers(json.loads(variables[keys.ENV_PROVIDERS]), where="test")
    ipqs = providers["ipqs"]
    assert isinstance(ipqs, IpqsSettings)
    changed = {**providers, "ipqs": replace(ipqs, max_upload_rows=_ROWS)}
    text = json.dumps({name: to_json(each) for name, each in changed.items()})
    with environment(stack, "prepare", **{keys.ENV_PROVIDERS: text}):
        yield


@pytest.mark.usefixtures("small_uploads")
@pytest.mark.timeout(300)
def test_twelve_shards_with_faults_in_three_are_paid_once_and_lose_nothing(
    stack: LocalStack, runner: JobRunner
) -> None:
    """One upload's answer is lost, one is refused, and one result breaks off.

    The refused shard is sent by a retry, and no other one.
    """
    stack.ipqs.script(
        "upload", [Answer.html(502).after_effect(), Answer.refusal("Not today.")]
    )
    stack.ipqs.script("download", [Answer.html().after_effect()])

    view = runner.run("ipqs/email/shards.csv", _LIST, timeout_seconds=200)

    assert view.job is not None
    assert (view.status, view.job.outcome) == ("SUCCEEDED", "partial")
    batch = runner.manifest(view)["batch"]
    assert batch["requests"] == _SHARDS
    assert [*batch["errors"].values()] == ["ProviderRejected"]
    assert batch["outcomes"] == {"failed": _ROWS, "succeeded": 11 * _ROWS}

    api = ApiClient.local(stack.api_url)
    api.call("POST", f"/jobs/{view.job.job_id}/retry")
    again = runner.wait_for_end(f"{view.job.job_id}-2", timeout_seconds=200)

    assert (again.status, again.error) == ("SUCCEEDED", "")
    uploads = [csv.upload.read_text() for csv in stack.ipqs.csvs if csv.upload]
    sent = Counter(line for text in uploads for line in text.splitlines()[1:])
    assert (len(uploads), sent) == (_SHARDS, dict.fromkeys(_VALUES, 1))
    assert again.job is not None
    rows = runner.manifest(again)["rows"]
    assert (rows["records"], rows["returned"], rows["missing"]) == (60, 60, 0)
    assert rows["verdict"] == "complete"
    assert len(runner.notices(view.job.job_id)) == 2  # one for each attempt
