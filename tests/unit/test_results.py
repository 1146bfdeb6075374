"""Results: an object is written once, whole, by one job, and proves what it has."""

import zlib
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.aws.results import MultipartUpload, Results, StoredObject
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    CourierError,
    ResultMismatch,
)
from functions.core.file_formats import CSV, JSON_LINES
from functions.core.stream_stats import StreamStats, crc32_base64
from tests.unit.memory_client import MemoryClient
from tests.unit.metric_lines import metrics_of
from tests.world.memory_aws.hook import client_error
from tests.world.memory_aws.s3 import S3

OWN = {"job-id": "j", "kind": "all"}
CONTENT = b"a,b\n1,2\n3,4"
PART = bytes(5 * 1024 * 1024)  # the smallest one that may be followed by another


class Bucket:
    """A results bucket in memory, and the client that reaches it."""

    def __init__(self) -> None:
        self.s3 = S3("results")
        client: Any = MemoryClient(self.s3)
        self.client = client
        self.results = Results("results", s3=client)

    def fail(self, operation: str, error: Exception, *, after: bool = False) -> None:
        """Let an operation fail, before or after it was carried out."""

        def hook(called: str) -> None:
            if called == operation:
                raise error

        if after:
            self.client.after = hook
        else:
            self.client.before = hook

    def put(self, key: str = "k", **metadata: str) -> None:
        """Write an object as another client."""
        self.s3.put_object(
            {"Bucket": "results", "Key": key, "Body": CONTENT, "Metadata": metadata}
        )

    def sent(self, operation: str) -> dict[str, Any]:
        """Return the parameters of the only call of an operation."""
        (found,) = (
            dict(parameters)
            for called, parameters in zip(
                self.client.calls, self.client.sent, strict=True
            )
            if called == operation
        )
        return found


@pytest.fixture
def bucket() -> Bucket:
    """Return an empty bucket."""
    return Bucket()


def lost() -> Exception:
    """Return the error of a call whose answer was lost."""
    return EndpointConnectionError(endpoint_url="s3")


def test_an_object_of_the_job_is_found(bucket: Bucket) -> None:
    """It existed before: its writer may have died before it told anybody."""
    bucket.put(**OWN)

    assert bucket.results.find("k", job_id="j") == StoredObject(
        key="k", version_id="version-00001", bytes=len(CONTENT), existed=True
    )
    assert bucket.results.find("other", job_id="j") is None


@pytest.mark.parametrize("metadata", [{}, {"job-id": "other"}])
def test_an_object_of_another_job_is_an_error(
    bucket: Bucket, metadata: dict[str, str]
) -> None:
    """It must be neither replaced nor delivered to the wrong customer."""
    bucket.put(**metadata)

    fact = "^the object under the result's key is not this job's$"
    with pytest.raises(ResultMismatch, match=fact):
        bucket.results.find("k", job_id="j")


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NotFound"])
def test_every_code_of_a_missing_object_is_known(bucket: Bucket, code: str) -> None:
    """S3 answers a HEAD without a body, so that clients differ in what they read."""
    bucket.fail("HeadObject", client_error(code, 404, "HeadObject"))

    assert bucket.results.find("k", job_id="j") is None


def test_an_object_that_may_not_be_seen_is_an_error(bucket: Bucket) -> None:
    """It may be there: a second result must not be written."""
    bucket.fail("HeadObject", client_error("403", 403, "HeadObject"))

    fact = "^may not look into the results bucket: 403$"
    with pytest.raises(AwsRefused, match=fact):
        bucket.results.find("k", job_id="j")


def test_a_stored_object_is_read_and_measured(bucket: Bucket) -> None:
    """As it would have been measured while it was written, in its format."""
    bucket.put(**OWN)
    stored = bucket.results.find("k", job_id="j")
    assert stored is not None

    assert bucket.results.read(stored) == CONTENT
    measured = bucket.results.measure(stored, CSV)
    assert (measured.bytes, measured.rows) == (len(CONTENT), 2)
    assert measured.crc32 == zlib.crc32(CONTENT)
    assert bucket.results.measure(stored, JSON_LINES).rows == 3


def test_a_small_object_is_loaded_by_one_call(bucket: Bucket) -> None:
    """Of thousands of results each call is time; sizes are known before bytes."""
    bucket.put(**OWN)
    sizes: list[int] = []

    assert bucket.results.load("k", job_id="j", admit=sizes.append) == CONTENT
    assert sizes == [len(CONTENT)]
    assert bucket.client.calls == ["GetObject"]
    assert bucket.results.load("absent", job_id="j", admit=sizes.append) is None
    with pytest.raises(ResultMismatch):
        bucket.results.load("k", job_id="another", admit=sizes.append)
    assert len(sizes) == 1


def test_a_large_object_is_read_in_small_chunks(bucket: Bucket) -> None:
    """A result may be larger than the memory of a function."""
    bucket.s3.put_object({"Bucket": "results", "Key": "k", "Body": bytes(600_000)})
    stored = StoredObject(key="k", version_id="", bytes=600_000)

    sizes = [len(chunk) for chunk in bucket.results.chunks(stored)]

    assert sizes == [262_144, 262_144, 75_712]
    assert bucket.results.read(stored) == bytes(600_000)


def test_an_object_that_cannot_be_read_is_an_error(bucket: Bucket) -> None:
    """The step is retried."""
    stored = StoredObject(key="k", version_id="", bytes=1)
    bucket.fail("GetObject", lost())

    with pytest.raises(
        AwsUnavailable, match=r"^could not read from the results bucket: "
    ):
        bucket.results.read(stored)

    bucket.fail("GetObject", lost())
    with pytest.raises(
        AwsUnavailable, match=r"^could not read from the results bucket: "
    ):
        bucket.results.load("k", job_id="j", admit=lambda _: None)


def test_a_small_object_is_written_with_its_checksum(bucket: Bucket) -> None:
    """S3 compares it, and refuses to write over an object."""
    stored = bucket.results.put("k", CONTENT, metadata=OWN)

    assert stored == StoredObject(
        key="k", version_id="version-00001", bytes=len(CONTENT)
    )
    assert bucket.sent("PutObject") == {
        "Bucket": "results",
        "Key": "k",
        "Body": CONTENT,
        "ContentType": "application/json",
        "Metadata": OWN,
        "ChecksumCRC32": crc32_base64(zlib.crc32(CONTENT)),
        "IfNoneMatch": "*",
    }


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_small_object_that_is_there_stands(bucket: Bucket, *, is_lost: bool) -> None:
    """Another try wrote it, or ours did and was not told."""
    if is_lost:
        bucket.fail("PutObject", lost(), after=True)
    else:
        bucket.put(**OWN)

    stored = bucket.results.put("k", CONTENT, metadata=OWN)

    assert stored == StoredObject(
        key="k", version_id="version-00001", bytes=len(CONTENT), existed=True
    )


@pytest.mark.parametrize(
    ("error", "kind", "fact"),
    [
        (lost(), AwsUnavailable, "could not write to the results bucket"),
        (
            client_error("AccessDenied", 403, "PutObject"),
            AwsRefused,
            "may not write to the results bucket",
        ),
    ],
    ids=["lost", "refused"],
)
def test_a_small_object_that_was_not_written_is_an_error(
    bucket: Bucket, error: Exception, kind: type[CourierError], fact: str
) -> None:
    """The job would otherwise name an object that does not exist."""
    bucket.fail("PutObject", error)

    with pytest.raises(kind, match=f"^{fact}: "):
        bucket.results.put("k", CONTENT, metadata=OWN)


def _upload(
    bucket: Bucket, parts: dict[int, bytes], *, completes: bool = True
) -> StoredObject | None:
    """Upload the parts, in the order in which they are given."""
    with bucket.results.upload("k", CSV, metadata=OWN) as upload:
        for number, part in parts.items():
            upload.send_part(number, part, zlib.crc32(part))
        if completes:
            return upload.complete(_stats(parts))
    return None


def _stats(parts: dict[int, bytes]) -> StreamStats:
    stats = StreamStats(CSV)
    for number in sorted(parts):
        stats.update(parts[number])
    return stats


def test_a_result_is_published_whole(bucket: Bucket) -> None:
    """S3 compares each part, and the whole; parts may cross."""
    parts = {2: CONTENT, 1: PART}

    stored = _upload(bucket, parts)

    whole = PART + CONTENT
    assert stored == StoredObject(key="k", version_id="version-00002", bytes=len(whole))
    version = bucket.s3.current("results", "k")
    assert version is not None
    is_whole = version.content == whole  # a difference would be shown byte by byte
    assert is_whole
    assert version.content_type == CSV.media_type
    assert version.metadata == OWN
    assert bucket.s3.uploads == {}


def test_a_result_is_sent_with_every_checksum(bucket: Bucket) -> None:
    """Each proves another step: the part, the list of parts, the whole object."""
    _upload(bucket, {1: CONTENT})

    checksum = crc32_base64(zlib.crc32(CONTENT))
    place = {"Bucket": "results", "Key": "k"}
    assert bucket.sent("CreateMultipartUpload") == {
        **place,
        "ContentType": CSV.media_type,
        "Metadata": OWN,
        "ChecksumAlgorithm": "CRC32",
        "ChecksumType": "FULL_OBJECT",
    }
    part = bucket.sent("UploadPart")
    assert part == {
        **place,
        "UploadId": "upload-00001",
        "PartNumber": 1,
        "Body": CONTENT,
        "ChecksumCRC32": checksum,
    }
    (listed,) = bucket.sent("CompleteMultipartUpload")["MultipartUpload"]["Parts"]
    assert listed.keys() == {"PartNumber", "ETag", "ChecksumCRC32"}
    assert bucket.sent("CompleteMultipartUpload") == {
        **place,
        "UploadId": "upload-00001",
        "MultipartUpload": {"Parts": [listed]},
        "MpuObjectSize": len(CONTENT),
        "ChecksumCRC32": checksum,
        "ChecksumType": "FULL_OBJECT",
        "IfNoneMatch": "*",
    }


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_result_that_is_there_stands(bucket: Bucket, *, is_lost: bool) -> None:
    """Another try published it, or ours did and was not told."""
    if is_lost:
        bucket.fail("CompleteMultipartUpload", lost(), after=True)
    else:
        bucket.put(**OWN)

    stored = _upload(bucket, {1: CONTENT})

    assert stored is not None
    assert (stored.key, stored.bytes, stored.existed) == ("k", len(CONTENT), True)
    assert bucket.s3.uploads == {}


def test_a_result_of_another_job_is_an_error(bucket: Bucket) -> None:
    """Also where it was published while ours was streamed."""
    bucket.put(**{"job-id": "other"})

    with pytest.raises(ResultMismatch):
        _upload(bucket, {1: CONTENT})

    assert bucket.s3.uploads == {}


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateMultipartUpload", "begin a result"),
        ("UploadPart", "send a part of a result"),
        ("CompleteMultipartUpload", "publish a result"),
    ],
)
def test_a_result_that_was_not_published_is_an_error(
    bucket: Bucket, operation: str, action: str
) -> None:
    """Nothing is left that S3 would bill."""
    bucket.fail(operation, lost())

    with pytest.raises(AwsUnavailable, match=f"^could not {action}: "):
        _upload(bucket, {1: CONTENT})

    assert bucket.s3.uploads == {}
    assert bucket.s3.current("results", "k") is None


def test_an_upload_that_is_not_completed_is_aborted_once(bucket: Bucket) -> None:
    """Its parts would be billed until the bucket's lifecycle rule deletes them."""
    with bucket.results.upload("k", CSV, metadata=OWN) as upload:
        upload.send_part(1, CONTENT, zlib.crc32(CONTENT))
    upload.abort_unless_completed()

    assert bucket.s3.uploads == {}
    assert bucket.client.calls.count("AbortMultipartUpload") == 1


def test_a_completed_upload_is_not_aborted(bucket: Bucket) -> None:
    """The call would only be refused, and counted as a failure."""
    _upload(bucket, {1: CONTENT})

    assert "AbortMultipartUpload" not in bucket.client.calls


@pytest.mark.parametrize(
    "error", [lost(), client_error("AccessDenied", 403, "AbortMultipartUpload")]
)
def test_an_upload_that_is_not_aborted_is_counted(
    bucket: Bucket, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """It hides no error of the block: the lifecycle rule will delete the parts."""
    bucket.fail("AbortMultipartUpload", error)

    assert _upload(bucket, {1: CONTENT}, completes=False) is None

    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["UploadsNotAborted"], metrics["job_id"]) == (1, "j")


def test_an_answer_without_a_version_is_taken() -> None:
    """A bucket without versioning has none."""

    class Unversioned(S3):
        """S3 without versioning."""

        def call(self, operation_name: str, parameters: Any) -> Any:  # noqa: ANN401 - S3's
            answer = dict(super().call(operation_name, parameters))
            answer.pop("VersionId", None)
            return answer

    unversioned: Any = MemoryClient(Unversioned("results"))
    results = Results("results", s3=unversioned)

    written = results.put("small", CONTENT, metadata=OWN)
    with results.upload("k", CSV, metadata=OWN) as upload:
        assert isinstance(upload, MultipartUpload)
        upload.send_part(1, CONTENT, zlib.crc32(CONTENT))
        published = upload.complete(_stats({1: CONTENT}))
    found = results.find("k", job_id="j")

    assert found is not None
    assert written.version_id == published.version_id == found.version_id == ""
