"""Delivery: a body becomes a result of a job, once and only when it is whole."""

from collections.abc import Callable

from functions.core.forms import Form
from functions.core.model import File
from functions.providers.protocol import Body
from functions.runtime.results import Results
from functions.runtime.streaming import stream


def deliver(
    results: Results,
    key: str,
    form: Form,
    *,
    job_id: str,
    kind: str,
    open_body: Callable[[], Body],
) -> File:
    """Give the file as it stands in the results bucket.

    What is there already is ours, and is measured instead. `open_body` is called last,
    after everything that could fail without it, and once.
    """
    stored = results.find(key, job_id=job_id)
    if stored is None:
        metadata = {"job-id": job_id, "kind": kind}
        with results.upload(key, form, metadata=metadata) as upload:
            body = open_body()
            try:
                tally = stream(body, upload, form)
            finally:
                body.close()
            tally.check_plausible()
            stored = upload.complete(tally)
        if stored.found:  # another attempt's, perhaps: say what is true of it
            tally = results.measure(stored, form)
    else:
        tally = results.measure(stored, form)
    return File(
        kind=kind,
        key=stored.key,
        version_id=stored.version_id,
        bytes=tally.bytes,
        rows=tally.rows,
        sha256=tally.sha256,
    )
