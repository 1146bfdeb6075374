"""Result keys: build the S3 keys of a job's objects in the results bucket.

They contain neither names that the uploader chose nor anything that was verified.
"""

from functions.core.file_formats import JSON, FileFormat
from functions.core.model import Job

#: The kind of a result that is the only one of its job: a batch's, or a request's.
SINGLE_RESULT_KIND = "result"
#: The kinds of a provider's results that have every row; the others are lists.
COMPLETE_KINDS = ("all", SINGLE_RESULT_KIND)
#: How the names of objects begin that have the provider's words about failures.
ERROR_OBJECT = "error"


def result_key(job: Job, kind: str, file_format: FileFormat) -> str:
    """Return the key of a result; that of a batch's request is below the batch's.

    Those of a list's shards are beside the list's.
    """
    return f"{_folder(job)}/{of_shard(job, kind)}{file_format.suffix}"


def shards_key(job: Job) -> str:
    """Return the key of the object that names the files of a list's shards."""
    return f"{_folder(job)}/{of_attempt(job, 'shards')}.json"


def manifest_key(job: Job) -> str:
    """Return the key of the manifest, which each attempt writes anew."""
    return f"{_folder(job)}/{of_attempt(job, 'manifest')}.json"


def unjoined_key(job: Job) -> str:
    """Return the key of the state of a job that could not be joined."""
    return f"{_folder(job)}/{of_attempt(job, 'unjoined')}.json"


def error_key(job: Job, file_format: FileFormat = JSON) -> str:
    """Return the key of what the provider said about a failure of this attempt.

    A request of a batch has one: its batch's attempts continue it, or have another one.
    """
    name = of_shard(job, ERROR_OBJECT)
    if not job.is_batch_request:
        name = of_attempt(job, name)
    return f"{_folder(job)}/{name}{file_format.suffix}"


def of_shard(job: Job, name: str) -> str:
    """Return the name of an object that each shard has for itself, as `clean-0002`.

    What was sent again may have other rows, and has objects of its own.
    """
    part = job.part
    if not part.shard:
        return name
    again = f"-{part.submission}" if part.submission > 1 else ""
    return f"{name}-{part.shard:04}{again}"


def of_attempt(job: Job, name: str) -> str:
    """Return the name of an object that each attempt has for itself.

    Objects are never overwritten, so the second attempt writes `result-2`.
    """
    return name if job.attempt == 1 else f"{name}-{job.attempt}"


def results_prefix(job: Job) -> str:
    """Return how the keys of all objects of a job begin, those of its parts, too."""
    return f"{_folder(job)}/"


def _folder(job: Job) -> str:
    if job.part.shard:
        owner = job.part.batch_id
    elif job.is_batch_request:
        owner = f"{job.part.batch_id}/requests/{job.job_id}"
    else:
        owner = job.job_id
    return f"{job.provider}/{job.type}/{owner}"
