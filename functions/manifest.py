"""Manifest: write down what a job brought, as the last of its objects."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.results import Results
from functions.core import keys
from functions.core.manifest import build_manifest, encode_manifest
from functions.core.model import Job, Next, Outcome, Phase, State


def write_manifest(job: Job, results: Results) -> Job:
    """Give the job as ended well, its manifest in the results bucket.

    Raises:
        ResultsIncomplete: Some results could not be fetched; no manifest then.
        ResultMismatch: Another manifest is there.
    """
    partial = job.phase is Phase.PARTIAL
    outcome = Outcome.PARTIAL if partial else Outcome.SUCCEEDED
    key = keys.manifest(job)
    ended = job.with_(next=Next.CONCLUDE, outcome=outcome, manifest_key=key)

    content = encode_manifest(build_manifest(ended))
    results.put(key, content, metadata={"job-id": job.job_id, "kind": "manifest"})
    return ended


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Write the manifest, as the workflow's state of this name."""
    job = wiring.job(event)

    with telemetry.count_errors(job):
        written = write_manifest(job, wiring.results())

    telemetry.logger.info("manifest written", files=len(written.files))
    return written.to_state()
