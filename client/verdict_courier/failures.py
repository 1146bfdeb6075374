"""Read what the provider has said about the failures of a job, in each attempt."""

from collections.abc import Iterator, Mapping
from typing import Any

from requests import codes

from verdict_courier.api_client import ApiClient, ApiError
from verdict_courier.results import error_lines

Document = dict[str, Any]


def failures(api: ApiClient, job: Mapping[str, Any]) -> list[Document]:
    """Return what the provider has said, the latest attempt first.

    There is a document for each attempt, or for each row of a batch. Those of earlier
    attempts have the number of theirs, as `attempt`; of those whose words are not kept
    any more, that is said.

    Raises:
        ApiError, ApiUnreachable, ForeignAnswer: See `error_lines`.
    """
    path = f"/jobs/{job['job_id']}/error"
    lines = _of_latest(api, path, job) if "error" in job["links"] else []
    # An API of an earlier release links to the latest attempt's only.
    for earlier in reversed(job.get("earlier_attempts", ())):
        if "error" in earlier.get("links", ()):
            lines += _of_earlier(api, path, earlier)
    return lines


def _of_latest(api: ApiClient, path: str, job: Mapping[str, Any]) -> list[Document]:
    try:
        return error_lines(api.call("GET", path))
    except ApiError as error:
        # What has expired is all that there was; any other refusal may pass.
        if error.status != codes.gone or not job["error"]:
            raise
        return [{"error": job["error"]["name"], "message": str(error)}]


def _of_earlier(
    api: ApiClient, path: str, earlier: Mapping[str, Any]
) -> Iterator[Document]:
    number = earlier["attempt"]
    try:
        said = error_lines(api.call("GET", path, query={"attempt": str(number)}))
    except ApiError as error:  # the words of later ones are not lost for that
        said = [{"error": earlier["error"], "message": str(error)}]
    for line in said:
        yield {"attempt": number, **line}
