"""Result keys: the S3 keys of a job's objects in the results bucket.

They hold nothing of the uploader's names and nothing of what was verified.
"""

from functions.core.file_formats import FileFormat
from functions.core.model import Job


def result_key(job: Job, kind: str, file_format: FileFormat) -> str:
    """Return the key of a result; a batch's requests have theirs below the batch's."""
    return f"{_folder(job)}/{kind}{file_format.suffix}"


def manifest_key(job: Job) -> str:
    """Return the key of the manifest."""
    return f"{_folder(job)}/manifest.json"


def _folder(job: Job) -> str:
    if job.part.batch_id:
        owner = f"{job.part.batch_id}/requests/{job.job_id}"
    else:
        owner = job.job_id
    return f"{job.provider}/{job.type}/{owner}"
