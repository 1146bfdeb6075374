"""Erasures: delete what is stored of a job, in all its versions, and its names."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from functions.aws.clients import translate_aws_errors
from functions.aws.job_items import THIS_ATTEMPT, JobsTable
from functions.core.errors import AwsUnavailable
from functions.core.job_record import JobRecord
from functions.core.keys import BATCHES_PREFIX
from functions.core.result_keys import results_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

#: What an item has of the uploader's own words. The key of an object may be a name.
_NAMES = ("name", "label", "column", "header", "quote", "key")
#: How many pages of 1,000 objects a call deletes, which takes some ten seconds.
_MOST_PAGES = 6


class Erasures(JobsTable):
    """The jobs that are erased; what was deleted of one is not kept."""

    def begin(self, record: JobRecord, *, now: float) -> JobRecord | None:
        """Record that a job is erased from now on; None if it runs again.

        No attempt begins any more, and the sweep looks at the job no longer.
        """
        written = self._table.update(
            record.job_id,
            {},
            set_if_absent={"erase_began_at": now},
            remove=("late_check_at",),
            condition=f"outcome = :outcome AND {THIS_ATTEMPT}",
            condition_values={
                ":outcome": str(record.outcome),
                ":attempt": record.attempt,
            },
        )
        return JobRecord.from_item(written) if written else None

    def finish(self, record: JobRecord, *, now: float) -> JobRecord:
        """Remove a job's names, and record that all else is deleted; return it."""
        written = self._table.update(
            record.job_id,
            {},
            set_if_absent={"erased_at": now},
            remove=_NAMES,
            condition="attribute_exists(erase_began_at)",
        )
        return JobRecord.from_item(written or self._table.get(record.job_id))


def delete_objects_of(
    record: JobRecord,
    *,
    with_source: bool,
    inbox: str,
    results: str,
    s3: "S3Client",
) -> bool:
    """Delete the objects of a job; return False if there may be more of them.

    Of its source, where `with_source`, the version that is the job's: others are those
    of other jobs. Below its own prefixes every version and delete marker.
    """
    job = record.to_job()
    if record.key and with_source:
        with translate_aws_errors("erase the source"):  # not all keys fit into XML
            s3.delete_object(
                Bucket=record.bucket, Key=record.key, VersionId=record.version_id
            )
    places = (
        (inbox, f"{BATCHES_PREFIX}{record.provider}/{record.job_id}/"),
        (results, results_prefix(job)),
    )
    pages = 0
    for bucket, prefix in places:
        for page in _pages(bucket, prefix, s3=s3):
            if pages == _MOST_PAGES:
                return False
            _delete(bucket, page, s3=s3)
            pages += 1
    return True


def _pages(
    bucket: str, prefix: str, *, s3: "S3Client"
) -> Iterator[list["ObjectIdentifierTypeDef"]]:
    """Yield what is there, until there is nothing: each page is to be deleted."""
    while True:
        with translate_aws_errors("list what is to be erased"):
            found = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
        page: list[ObjectIdentifierTypeDef] = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))
        ]
        if not page:
            return
        yield page


def _delete(
    bucket: str, objects: list["ObjectIdentifierTypeDef"], *, s3: "S3Client"
) -> None:
    with translate_aws_errors("erase objects"):
        response = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
        )
    if response.get("Errors"):
        raise AwsUnavailable("some objects could not be erased")
