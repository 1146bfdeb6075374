"""Earlier uploads: find who has paid before for the bytes that a new version has."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from functions.aws.clients import translate_aws_errors
from functions.aws.job_store import JobStore
from functions.aws.rereading import may_be_paid
from functions.aws.s3_source import S3Source
from functions.core import identity
from functions.core.errors import SourceMissing, SourceRepeated
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Who edits a file's metadata more often than that may pay for it once more.
_MOST_VERSIONS = 50


def check_first_upload(
    job: Job,
    source: S3Source,
    *,
    is_batch: bool,
    job_store: JobStore,
    s3: "S3Client",
) -> None:
    """Check that no earlier version of the object with the same bytes was paid for.

    Editing an object's metadata, in the S3 console for example, writes such a version.
    One whose metadata asks for another reading of the table (`courier-…`) is new, and
    so is a job that a person asked for: by a retry, or as `fresh` through the API.

    Raises:
        SourceRepeated: A job for one of them has paid, or may have.
    """
    id_of_upload = identity.of_object(job.bucket, job.key, job.version_id)
    if job.attempt > 1 or job.job_id != id_of_upload:
        return
    for version_id in _same_bytes_before(job, source, s3=s3):
        earlier = identity.of_object(job.bucket, job.key, version_id)
        record = job_store.get(earlier)
        if record is None:
            continue
        if not record.outcome or may_be_paid(record, is_batch=is_batch):
            raise SourceRepeated(
                "the same bytes were uploaded under this key before, "
                f"for job {earlier[:12]}"
            )


def _same_bytes_before(job: Job, source: S3Source, *, s3: "S3Client") -> Iterator[str]:
    """Yield the versions right before the job's that have its bytes, newest first."""
    with translate_aws_errors("list the versions of the uploaded object"):
        page = s3.list_object_versions(
            Bucket=job.bucket,
            Prefix=job.key,
            KeyMarker=job.key,
            VersionIdMarker=job.version_id,
            MaxKeys=_MOST_VERSIONS,
        )
    for version in page.get("Versions", []):
        if version["Key"] != job.key or version["Size"] != source.size:
            return
        version_id = version["VersionId"]
        earlier = S3Source(job.with_(version_id=version_id), s3=s3)
        try:
            is_same = source.has_content_of(earlier)
        except SourceMissing:
            return  # it was deleted just now
        if not is_same:
            return
        yield version_id
