"""Keys: where in the results bucket the objects of a job are.

Nothing of the uploader's naming is in them, and nothing of what was asked.
"""

from functions.core.file_formats import FileFormat
from functions.core.model import Job


def result(job: Job, kind: str, form: FileFormat) -> str:
    """Name a result; that of a batch's request lies below the batch's id."""
    return f"{_folder(job)}/{kind}{form.suffix}"


def manifest(job: Job) -> str:
    """Name the manifest."""
    return f"{_folder(job)}/manifest.json"


def _folder(job: Job) -> str:
    if job.part.batch_id:
        whose = f"{job.part.batch_id}/requests/{job.job_id}"
    else:
        whose = job.job_id
    return f"{job.provider}/{job.type}/{whose}"
