"""S3, its events and DynamoDB behave as the project relies on."""

import base64
import json
import uuid
import zlib
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from local.emulator.process import Emulator
from tests.emulator import queues
from tests.emulator.polling import wait_for

BODY = b"email,verdict\n" * 1000
PART = 5 * 1024 * 1024  # S3's minimum for any part but the last
LARGE = BODY * 400


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """A versioned bucket."""
    s3, name = emulator.client("s3"), f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def events(emulator: Emulator, bucket: str) -> Iterator[str]:
    """The URL of a queue that receives the bucket's events."""
    name, eventbridge = f"events-{uuid.uuid4()}", emulator.client("events")
    url, arn = queues.create(emulator)
    emulator.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    eventbridge.put_rule(Name=name, EventPattern=json.dumps(pattern))
    eventbridge.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    eventbridge.remove_targets(Rule=name, Ids=["queue"])
    eventbridge.delete_rule(Name=name)


@pytest.mark.correction("ranged_versions")
def test_range_applies_to_a_version(emulator: Emulator, bucket: str) -> None:
    """Each request of a batch is a range of one version of the batch's file."""
    s3 = emulator.client("s3")
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"another")

    answer = s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range="bytes=2-4")

    assert answer["Body"].read() == b"234"
    assert answer["ContentRange"] == "bytes 2-4/10"


@pytest.mark.correction("object_events")
def test_object_created_event_has_aws_fields(
    emulator: Emulator, bucket: str, events: str
) -> None:
    """A job is identified by bucket, unescaped key and version."""
    key = "ipqs/email/my list+ä.csv"
    put = emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=BODY)

    event = queues.receive(emulator, events)

    assert event["source"] == "aws.s3"
    assert event["detail-type"] == "Object Created"
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert detail.keys() == {
        "version",
        "bucket",
        "object",
        "request-id",
        "requester",
        "source-ip-address",
        "reason",
    }
    assert (detail["bucket"], detail["reason"]) == ({"name": bucket}, "PutObject")
    sequencer = detail["object"].pop("sequencer")
    assert int(sequencer, 16) > 0
    assert detail["object"] == {
        "key": key,
        "size": len(BODY),
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
    }


@pytest.mark.correction("object_events")
def test_event_of_a_multipart_upload_has_a_version(
    emulator: Emulator, bucket: str, events: str
) -> None:
    """Large lists are uploaded in parts."""
    completed = _upload(emulator, bucket, "large.csv")

    detail = queues.receive(emulator, events)["detail"]

    assert detail["reason"] == "CompleteMultipartUpload"
    assert detail["object"]["version-id"] == completed["VersionId"]


@pytest.mark.correction("full_object_checksums")
def test_object_is_completed_once(emulator: Emulator, bucket: str) -> None:
    """It has the checksum of all its bytes; a second upload is refused with 412."""
    completed = _upload(emulator, bucket, "result.csv", IfNoneMatch="*")
    assert completed["ChecksumType"] == "FULL_OBJECT"

    with pytest.raises(ClientError) as refused:
        _upload(emulator, bucket, "result.csv", IfNoneMatch="*")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError, match="PreconditionFailed"):
        emulator.client("s3").put_object(
            Bucket=bucket, Key="result.csv", Body=b"", IfNoneMatch="*"
        )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"ChecksumCRC32": "AAAAAA=="}, id="checksum"),
        pytest.param({"MpuObjectSize": 1}, id="size"),
    ],
)
def test_wrong_checksum_or_size_is_refused(
    emulator: Emulator, bucket: str, wrong: dict[str, Any]
) -> None:
    """An incomplete object must not become visible."""
    with pytest.raises(ClientError) as refused:
        _upload(emulator, bucket, "result.csv", **wrong)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="404"):
        emulator.client("s3").head_object(Bucket=bucket, Key="result.csv")


def test_version_stays_readable(emulator: Emulator, bucket: str) -> None:
    """The version that the event named is the one that is submitted."""
    s3 = emulator.client("s3")
    first = s3.put_object(Bucket=bucket, Key="list", Body=BODY)["VersionId"]
    s3.put_object(Bucket=bucket, Key="list", Body=b"other")

    read = s3.get_object(Bucket=bucket, Key="list", VersionId=first)

    assert b"".join(read["Body"].iter_chunks(1024)) == BODY
    assert s3.head_object(Bucket=bucket, Key="list")["ContentLength"] == len(b"other")


@pytest.fixture
def table(emulator: Emulator) -> str:
    """A table whose key is `id`."""
    name = f"jobs-{uuid.uuid4()}"
    emulator.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return name


def test_conditional_write_succeeds_once(emulator: Emulator, table: str) -> None:
    """Only one execution may claim a submission before its POST."""
    dynamodb = emulator.client("dynamodb")

    def claim(state: str) -> None:
        dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": "job"}},
            UpdateExpression="SET #s = :s",
            ConditionExpression="attribute_not_exists(id)",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": state}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    claim("first")

    with pytest.raises(ClientError, match="ConditionalCheckFailed") as refused:
        claim("second")
    response: dict[str, Any] = {**refused.value.response}
    assert response["Item"]["state"] == {"S": "first"}


def test_a_condition_that_comes_again_is_judged_anew(
    emulator: Emulator, table: str
) -> None:
    """Its text is parsed once; its names, its values and the items differ."""
    dynamodb = emulator.client("dynamodb")
    for id_, state in (("a", "new"), ("b", "ended")):
        item = {"id": {"S": id_}, "state": {"S": state}, "end": {"S": "new"}}
        dynamodb.put_item(TableName=table, Item=item)

    def found(condition: str, name: str, value: str) -> list[str]:
        items = dynamodb.scan(
            TableName=table,
            FilterExpression=condition,
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"S": value}},
        )["Items"]
        return sorted(item["id"]["S"] for item in items)

    assert found("#n = :v", "state", "new") == ["a"]
    assert found("#n = :v", "state", "ended") == ["b"]
    assert found("#n = :v", "end", "new") == ["a", "b"]
    for _again in range(2):
        with pytest.raises(ClientError, match="Syntax error"):
            found("#n = AND :v", "state", "new")


def _upload(
    emulator: Emulator,
    bucket: str,
    key: str,
    **completion: Any,  # noqa: ANN401 - boto3's
) -> dict[str, Any]:
    """Upload an object in parts, as the download function does."""
    s3, target = emulator.client("s3"), {"Bucket": bucket, "Key": key}
    upload_id = s3.create_multipart_upload(
        **target, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    parts = [
        s3.upload_part(
            **target,
            UploadId=upload_id,
            PartNumber=number,
            Body=part,
            ChecksumAlgorithm="CRC32",
        )
        for number, part in enumerate((LARGE[:PART], LARGE[PART:]), start=1)
    ]
    etags = [
        {"PartNumber": number, "ETag": part["ETag"]}
        for number, part in enumerate(parts, start=1)
    ]
    crc32 = zlib.crc32(LARGE).to_bytes(4, "big")
    completed: dict[str, Any] = s3.complete_multipart_upload(
        **target,
        **{
            "UploadId": upload_id,
            "MultipartUpload": {"Parts": etags},
            "ChecksumType": "FULL_OBJECT",
            "ChecksumCRC32": base64.b64encode(crc32).decode(),
            "MpuObjectSize": len(LARGE),
            **completion,
        },
    )
    return completed


@pytest.mark.parametrize("change", ["key", "expiry", "signature", "nothing"])
def test_changed_presigned_url_is_refused(
    emulator: Emulator, bucket: str, change: str
) -> None:
    """A link opens one object until it expires, and nothing else.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
    """
    url = presign(emulator, bucket, "s3v4")
    changed = {
        "key": url.replace("/mine?", "/other?"),
        "expiry": url.replace("Expires=60", "Expires=600"),
        "signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
        "nothing": url,
    }[change]

    expected = 200 if change == "nothing" else 403
    assert requests.get(changed, timeout=30).status_code == expected


def test_expired_presigned_url_is_refused(emulator: Emulator, bucket: str) -> None:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html."""
    url = presign(emulator, bucket, "s3v4", seconds=1)

    def refusal() -> str:
        answer = requests.get(url, timeout=30)
        return answer.text if answer.status_code == HTTPStatus.FORBIDDEN else ""

    assert "Request has expired" in wait_for(refusal)


@pytest.mark.correction("signature_version")
def test_url_of_signature_version_2_is_refused(emulator: Emulator, bucket: str) -> None:
    """A client that does not ask for version 4 signs so, and AWS opens nothing for it.

    Source: https://aws.amazon.com/blogs/aws/amazon-s3-update-sigv2-deprecation-period-extended-modified/
    """
    answer = requests.get(presign(emulator, bucket, "s3"), timeout=30)

    assert (answer.status_code, "AWS4-HMAC-SHA256" in answer.text) == (400, True)


def presign(emulator: Emulator, bucket: str, version: str, *, seconds: int = 60) -> str:
    """Put two objects, and return a URL that opens one of them."""
    for key in ("mine", "other"):
        emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")
    return _signer(emulator.endpoint, version).generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "mine"}, ExpiresIn=seconds
    )


@cache
def _signer(endpoint: str, version: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
