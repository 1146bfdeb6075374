"""Fetch results: stream them, and check them against the manifest."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from verdict_courier.api_client import ApiError, ApiUnreachable, ForeignAnswer, stream
from verdict_courier.api_description import WITH_RESULTS

#: How the kinds begin that are the uploader's own records, with the verdicts.
_JOINED = "joined"
#: More than the details of a batch's rows have.
_MAX_ERROR_BYTES = 64 * 1024 * 1024
_FILE_NAME = re.compile(r"\w[\w.-]{0,200}", re.ASCII)


def has_results(job: Mapping[str, Any]) -> bool:
    """Return whether a job has results, which may be those of an earlier attempt."""
    is_delivered = job["outcome"] in WITH_RESULTS or "results" in job["links"]
    return is_delivered and not job.get("erased_at")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One result of a job, as the manifest describes it, with its link."""

    file: Mapping[str, Any]
    kind: str
    name: str  # under which it is saved
    size: int
    sha256: str
    link: str

    def chunks(self) -> Iterator[bytes]:
        """Request the result, and return its content in chunks; see `verified`.

        Raises:
            ApiError: S3 did not return it.
            ApiUnreachable: No response came.
        """
        return self.verified(stream(self.link))

    def verified(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield chunks, the last one only if all of them are what the manifest says.

        So whoever passes them on never passes on a whole result that is a wrong one.

        Raises:
            ApiError: The content differs from the manifest.
            ApiUnreachable: The content ended early.
        """
        digest, size, last = hashlib.sha256(), 0, b""
        for chunk in chunks:
            if last:
                yield last
            last = chunk
            digest.update(chunk)
            size += len(chunk)
            if size > self.size:
                break
        if size < self.size:
            text = f"The transfer of {self.kind} ended after {size:,} bytes"
            raise ApiUnreachable(f"{text} of {self.size:,}.")
        if size > self.size or digest.hexdigest() != self.sha256:
            raise ApiError({"title": f"{self.kind} differs from the manifest."})
        yield last

    def save(self, folder: Path) -> Path:
        """Save the result in a folder under its own name, once it is verified.

        It is written to a file beside that, which ends in .part and is removed if
        anything goes wrong.

        Raises:
            ApiError, ApiUnreachable: See `chunks`.
            OSError: The file cannot be written.
        """
        return _save(folder / self.name, self.chunks())


def save_manifest(response: Mapping[str, Any], folder: Path) -> Path:
    """Save the manifest that a response of the API has, in the form of the bucket's.

    Raises:
        OSError: The file cannot be written.
    """
    text = json.dumps(response["manifest"], indent=2, sort_keys=True)
    return _save(folder / "manifest.json", [f"{text}\n".encode()])


def other_job(response: Mapping[str, Any], folder: Path) -> str:
    """Return the job whose results a folder has, if it is another than a response's.

    Results of all jobs have the same names: those of two would be mixed.

    Raises:
        OSError: There is a manifest, or something of its name, that cannot be read.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        there = str(manifest["job_id"])
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""  # not saved by this client
    return there if there != response["manifest"].get("job_id") else ""


def listed_results(response: Mapping[str, Any]) -> list[Result]:
    """Return the results that a response of the API lists, the joined ones first.

    Raises:
        ForeignAnswer: It does not list results.
    """
    try:
        files = {str(file["kind"]): file for file in response["manifest"]["files"]}
        results = [_result(files[link["kind"]], link) for link in response["links"]]
    except (KeyError, TypeError, ValueError):
        raise ForeignAnswer("The list of results is not that of the API.") from None
    if len({result.name for result in results}) < len(results):
        raise ForeignAnswer("The API lists two results with one name.")
    return sorted(results, key=lambda result: not result.kind.startswith(_JOINED))


def _save(path: Path, chunks: Iterable[bytes]) -> Path:
    """Write a file that has its name only once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two downloads at the same time must not write into one file.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def error_lines(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the provider said about a failure: a document, or one for each row.

    Raises:
        ApiError, ApiUnreachable: See `stream`.
        ForeignAnswer: The link of the response leads to something else.
    """
    content = b""
    for chunk in stream(str(response["href"])):
        content += chunk
        if len(content) > _MAX_ERROR_BYTES:
            break
    try:
        lines = [json.loads(line) for line in content.splitlines()]
    except (ValueError, RecursionError):
        lines = [None]
    if not all(isinstance(line, dict) for line in lines):
        raise ForeignAnswer("The error's details are not what the API describes.")
    return lines


def _result(file: Mapping[str, Any], link: Mapping[str, Any]) -> Result:
    name = PurePosixPath(file["key"]).name
    if not _FILE_NAME.fullmatch(name):
        raise ValueError(name)
    return Result(
        file=file,
        kind=str(file["kind"]),
        name=name,
        size=int(file["bytes"]),
        sha256=str(file["sha256"]),
        link=str(link["href"]),
    )
