"""Uploads: whatever S3 takes becomes one job, and a form takes nothing but its file."""

import json
from base64 import b64decode
from io import BytesIO
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests
from boto3.s3.transfer import TransferConfig
from verdict_courier.api_client import ApiClient

from functions.core.model import Job
from functions.core.s3_events import S3Object, job_for
from local import sample
from tests.integration.harness import JobRunner, object_created

_EMAILS = sample.emails(12)
_MEBIBYTE = 1024 * 1024
Form = dict[str, Any]


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a b.csv", id="space"),
        pytest.param("a+b%2Bc.csv", id="plus and percent"),
        pytest.param("name\N{COMBINING DIAERESIS}.csv", id="combining accent"),
        pytest.param("सूची.csv", id="Hindi"),
        pytest.param("é😀.csv", id="emoji"),
        pytest.param('it\'s "so".csv', id="quotes"),
        pytest.param("a//b.csv", id="two slashes"),
        pytest.param("what#is?this=.csv", id="URL"),
        pytest.param("back\\slash.csv", id="backslash"),
        pytest.param("list (1).CSV", id="copy"),
        pytest.param("x" * 900 + ".csv", id="long"),
    ],
)
def test_s19_a_key_that_s3_takes_is_read(
    api: ApiClient, runner: JobRunner, name: str
) -> None:
    """A key is decoded exactly where it is encoded."""
    view = runner.run(f"ipqs/email/{name}", _EMAILS)

    assert view.status == "SUCCEEDED"
    assert view.job is not None
    assert runner.manifest(view)["source"]["key"] == f"ipqs/email/{name}"
    shown = api.call("GET", f"/jobs/{view.job.job_id}")
    assert shown["name"] == name.rpartition("/")[2]


@pytest.mark.fault(1)
def test_s20_an_event_in_both_of_its_forms_is_one_job(runner: JobRunner) -> None:
    """EventBridge has the key as it is, S3's own notification encodes it."""
    view = runner.run("ipqs/email/a+b é%2F.csv", _EMAILS)
    assert view.job is not None
    job = view.job

    runner.send_to_intake(*[object_created(job)] * 5, *[_by_s3(job)] * 3)
    runner.run("ipqs/email/after.csv", _EMAILS)

    assert runner.executions().count(job.job_id) == 1
    assert runner.submissions(job.job_id) == 1


def test_s22_an_upload_in_parts_is_one_job(runner: JobRunner) -> None:
    """`aws s3 cp` sends what has more than 8 MB in parts; the object is one.

    200,000 rows have two parts; 1,500,000 would have five, and try nothing else.
    """
    content = sample.emails(200_000)
    assert len(content) > 5 * _MEBIBYTE  # the least that a part may have
    bucket, key = runner.stack.outputs["InboxBucket"], "ipqs/email/in parts.csv"
    s3 = runner.stack.emulator.client("s3")

    s3.upload_fileobj(
        BytesIO(content),
        bucket,
        key,
        Config=TransferConfig(
            multipart_threshold=5 * _MEBIBYTE, multipart_chunksize=5 * _MEBIBYTE
        ),
    )

    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ETag"].endswith('-2"')  # S3 writes the number of parts there
    job = job_for(S3Object(bucket, key, head["VersionId"]), types={"ipqs": ("email",)})
    assert job is not None
    view = runner.wait_for_end(job.job_id, timeout_seconds=240.0)
    assert runner.manifest(view)["rows"]["sent"] > 190_000  # some are duplicates
    assert runner.executions().count(job.job_id) == 1


@pytest.fixture
def api(runner: JobRunner) -> ApiClient:
    """Return a client of the API that signs as a user of the account."""
    return ApiClient.local(runner.stack.api_url)


@pytest.fixture
def form(api: ApiClient) -> Form:
    """Return a form of the API for one upload."""
    body = {"provider": "ipqs", "type": "email", "name": "o'neil (1).csv"}
    document: Form = api.call("POST", "/uploads", body)
    return document


def _post(form: Form, content: bytes, **fields: str) -> requests.Response:
    return requests.post(
        form["url"],
        data={**form["fields"], **fields},
        files={"file": content},
        timeout=30,
    )


def test_s23_a_form_takes_its_file(form: Form) -> None:
    """With the key and the content type that were signed."""
    response = _post(form, _EMAILS)

    assert response.status_code == 204
    assert response.headers["x-amz-version-id"]


@pytest.mark.fault(88)
@pytest.mark.parametrize(
    ("fields", "content", "status"),
    [
        pytest.param(
            {"key": "ipqs/email/not-in-the-form.csv"}, _EMAILS, 403, id="another key"
        ),
        pytest.param({"x-amz-meta-who": "me"}, _EMAILS, 403, id="one more field"),
        pytest.param({"acl": "public-read"}, _EMAILS, 403, id="public"),
        pytest.param({"Content-Type": "text/html"}, _EMAILS, 403, id="another type"),
        pytest.param({}, b"", 400, id="empty"),
    ],
)
def test_s23_a_form_takes_nothing_else(
    runner: JobRunner, form: Form, fields: dict[str, str], content: bytes, status: int
) -> None:
    """Whoever has the form must not write anything into the bucket but one list."""
    response = _post(form, content, **fields)

    assert response.status_code == status
    s3 = runner.stack.emulator.client("s3")
    for key in {form["key"], fields.get("key", form["key"])}:
        found = s3.list_objects_v2(
            Bucket=runner.stack.outputs["InboxBucket"], Prefix=key
        )
        assert found["KeyCount"] == 0


def test_a_form_has_a_limit(form: Form) -> None:
    """The largest file that the provider takes, and not one byte more."""
    policy = json.loads(b64decode(form["fields"]["policy"]))

    assert ["content-length-range", 1, form["max_bytes"]] in policy["conditions"]


def _by_s3(job: Job) -> str:
    """Return the event of a job's object in the form of S3's own notifications."""
    stored = {"key": quote_plus(job.key), "versionId": job.version_id}
    s3 = {"bucket": {"name": job.bucket}, "object": stored}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": s3}]})
