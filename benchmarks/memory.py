"""Memory: measure the peak memory of Download for a large result.

    python -m benchmarks.memory [--gib 1]

Download runs in a child process, whose peak is measured; the simulated provider and S3
run in this process.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.sink import serve_sink
from functions.core.provider_settings import IpqsSettings, to_json
from infra import config
from local.simulators.ipqs import IpqsSimulator

GIB = 1024**3
#: The limit for a result of any size.
MAX_MIB = 96

_PROJECT = Path(__file__).parents[1]
_KEY = "a-key-of-the-simulator"
# The child process. Its imports and clients count, because a Lambda function has them.
_DOWNLOAD = """
import json, sys, time
from functions.aws import clients
from functions.aws.results import Results
from functions.core.model import Job
from functions.core.provider_settings import parse_providers
from functions.download import download
from functions.providers import registry

task = json.load(sys.stdin)
settings = parse_providers({"ipqs": task["settings"]}, where="settings")["ipqs"]
credentials = registry.ProviderCredentials(lambda fresh: task["key"], lambda fresh: "")
file = download(
    Job(job_id="0", provider="ipqs", type="email", provider_ref=task["reference"]),
    "all",
    adapter=registry.adapter(settings, credentials, now=time.time),
    results=Results("results", s3=clients.s3()),
    attempts=1,
    now=time.time,
    ends_at=time.time() + 900.0,
)
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM:"))
print(json.dumps({"bytes": file.bytes, "peak_kib": int(peak.split()[1])}))
"""


@dataclass(frozen=True)
class Peak:
    """The bytes of a download, its peak memory and its duration."""

    bytes: int
    peak_mib: float
    seconds: float


def measure(size: int) -> Peak:
    """Download a result of `size` bytes, and return the peak of its process."""
    with IpqsSimulator.started(api_key=_KEY) as ipqs, serve_sink() as (sink, endpoint):
        deployed = config.stage("dev", config.context()["courier"]).providers["ipqs"]
        assert isinstance(deployed, IpqsSettings)  # noqa: S101 - for mypy
        settings = replace(
            deployed,
            base_url=ipqs.base_url,
            download_hosts=(ipqs.download_host,),
            loopback=True,
        )
        task = {
            "reference": str(ipqs.add_finished(results={"all": size})),
            "settings": to_json(settings),
            "key": _KEY,
        }
        begin = time.perf_counter()
        process = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-c", _DOWNLOAD],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
            cwd=_PROJECT,
            env={
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_SECRET_ACCESS_KEY": "test",
            },
        )
        seconds = time.perf_counter() - begin
        if process.returncode or not sink.completed:
            raise RuntimeError(f"the download failed:\n{process.stderr}")
        measured = json.loads(process.stdout)
    return Peak(
        bytes=measured["bytes"],
        peak_mib=round(measured["peak_kib"] / 1024, 1),
        seconds=round(seconds, 1),
    )


def main() -> None:
    """Print the peak; fail if it exceeds the limit."""
    parser = argparse.ArgumentParser(description="The peak memory of Download.")
    parser.add_argument("--gib", type=float, default=1.0, help="the result's size")
    peak = measure(int(parser.parse_args().gib * GIB))
    print(json.dumps(asdict(peak)))
    if peak.peak_mib > MAX_MIB:
        sys.exit(f"more than {MAX_MIB} MiB")


if __name__ == "__main__":
    main()
