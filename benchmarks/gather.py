"""Gather: measure the processor's time and the memory for the results of a batch.

    python -m benchmarks.gather [--results 1000] [--kib 4]

The results come over TLS, and the result of the batch goes there, from and to endpoints
that are faster than Gather. The peak is that of the process, with the interpreter, the
imports and the rest of the batch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.course import certificates, endpoint
from benchmarks.endpoints import Plan
from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.aws.results import Results
from functions.core.model import Job
from functions.core.provider_settings import parse_providers, to_json
from functions.gather import BatchGathering
from functions.providers.registry import ProviderCredentials, batch_adapter
from infra import config

#: The bar, for a thousand results.
_MOST_CPU_SECONDS = 3.0
_KIB = 1024
_SMALL_KIB = 4
_BODY = b'{"mobile": "+919800000001"}\n'
_PROJECT = Path(__file__).parents[1]


class _WorkFiles(BatchStore):
    """The work files of a batch with so many requests, of one row each."""

    def __init__(self, requests: int) -> None:
        self._requests = requests

    def read(self, name: str) -> bytes:
        """Return the requests' bodies, or what else Prepare has written."""
        if name == "requests.jsonl":
            return _BODY * self._requests
        numbers = range(self._requests)
        rows = {"requests": [[number + 1] for number in numbers], "refused": []}
        items = [
            {
                "job_id": f"request-{number}",
                "type": "upi-by-mobile",
                "part": {
                    "batch_id": "batch",
                    "number": number,
                    "offset": number * len(_BODY),
                    "length": len(_BODY),
                },
            }
            for number in numbers
        ]
        return json.dumps(rows if name == "rows.json" else items).encode()

    def put(self, _name: str, content: bytes) -> str:
        """Drop what is left for a retry."""
        return str(len(content))


def main() -> int:
    """Run Gather in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=1000)
    parser.add_argument("--kib", type=int, default=4)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        ca, own = certificates(Path(folder))
        plan = Plan(certificate=str(own), bytes=options.kib * _KIB)
        with endpoint(plan) as port:
            environment = {
                **os.environ,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_CA_BUNDLE": str(ca),
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"https://localhost:{port}",
                "AWS_SECRET_ACCESS_KEY": "test",
            }
            process = subprocess.run(  # noqa: S603 - our own command line
                [
                    sys.executable,
                    "-m",
                    "benchmarks.gather",
                    "run",
                    str(options.results),
                ],
                check=True,
                capture_output=True,
                text=True,
                cwd=_PROJECT,
                env=environment,
            )
    found = json.loads(process.stdout.splitlines()[-1])
    for_thousand = found["cpu"] / options.results * 1000
    print(
        f"{options.results:,} results of {options.kib:,} KiB: {found['cpu']:.2f} s of "
        f"the processor ({for_thousand:.2f} s for 1,000), {found['seconds']:.1f} s by "
        f"the clock, peak {found['peak_mib']:.0f} MiB"
    )
    return int(options.kib <= _SMALL_KIB and for_thousand > _MOST_CPU_SECONDS)


def _run(requests: int) -> int:
    """Gather so many results, and print the processor's time and the peak."""
    settings: Any = config.stage("dev", config.context()["courier"]).providers
    (txncheck,) = parse_providers(
        {"txncheck": to_json(settings["txncheck"])}, where="settings"
    ).values()
    credentials = ProviderCredentials(lambda _fresh: "", lambda _fresh: "")
    job = Job(job_id="batch", provider="txncheck", type="upi-by-mobile", bucket="inbox")
    gathering = BatchGathering(
        job=job,
        answers=[f"{number} succeeded" for number in range(requests)],
        adapter=batch_adapter(txncheck, credentials, now=time.time),
        batch_store=_WorkFiles(requests),
        results=Results("results", s3=clients.s3()),
        now=time.time(),
    )
    began, before = time.monotonic(), time.process_time()
    gathered = gathering.gather()
    cpu, seconds = time.process_time() - before, time.monotonic() - began
    (file,) = gathered.files
    assert file.rows == requests, file  # noqa: S101 - else it measures nothing
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB
    print(json.dumps({"cpu": cpu, "seconds": seconds, "peak_mib": peak}))
    return 0


if __name__ == "__main__":
    sys.exit(_run(int(sys.argv[2])) if sys.argv[1:2] == ["run"] else main())
