"""API latency: measure the api function with ten thousand jobs in the table.

    python -m benchmarks.api_latency

The handler runs in this process and calls the emulator's DynamoDB, which is slower than
that of AWS. So the time of our own code is measured separately.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import quantiles
from typing import Any

from benchmarks import seed_jobs
from functions.core import keys
from functions.core.provider_settings import to_json
from infra import config
from local.emulator.clients import REGION
from local.emulator.process import Emulator
from local.lambda_invocation import InvocationContext, get_event

_IPQS = config.stage("dev", config.context()["courier"]).providers["ipqs"]
_JOBS = 10_000
_CALLS = 300


def main() -> int:
    """Call the handler, and print percentiles in milliseconds."""
    with Emulator.started() as emulator:
        seed_jobs.create_jobs(emulator.client("dynamodb"), "jobs", count=_JOBS)
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator.port}",
            keys.ENV_JOBS_TABLE: "jobs",
            keys.ENV_JOBS_RETENTION_DAYS: "90",
            keys.ENV_INBOX_BUCKET: "inbox",
            keys.ENV_RESULTS_BUCKET: "results",
            keys.ENV_STATE_MACHINE: "arn:aws:states:us-east-1:0:stateMachine:m",
            keys.ENV_PROVIDERS: json.dumps({"ipqs": to_json(_IPQS)}),
            "POWERTOOLS_LOG_LEVEL": "ERROR",
        }
        # Imported here, because these modules read the environment.
        from functions.api import handler  # noqa: PLC0415 - see above
        from functions.aws import clients  # noqa: PLC0415 - see above

        aws_time = _Stopwatch(clients.dynamodb().meta.events)
        day = time.strftime("%Y-%m-%d", time.gmtime(seed_jobs.NOW - 86_400))
        page = {"limit": ["50"], "day": [day]}
        job_id = seed_jobs.job_id(1)
        print(f"{'ms':<24}{'p50':>8}{'p95':>8}   our own code{'p50':>9}{'p95':>8}")
        events = {
            "GET /jobs": get_event("/jobs", page),
            "GET /jobs/{job_id}": get_event(f"/jobs/{job_id}", None, job_id),
        }
        for name, event in events.items():
            call = partial(handler.handler, event, InvocationContext())
            _measure(name, call, aws_time)
    return 0


class _Stopwatch:
    """Adds up the time of all calls to DynamoDB."""

    def __init__(self, events: Any) -> None:  # noqa: ANN401 - botocore's, without a type
        self.seconds = 0.0
        self._started_at = 0.0
        events.register("before-send.dynamodb", self._start)
        events.register("response-received.dynamodb", self._stop)

    def _start(self, **_: object) -> None:
        self._started_at = time.perf_counter()

    def _stop(self, **_: object) -> None:
        self.seconds += time.perf_counter() - self._started_at


def _measure(
    name: str, call: Callable[[], dict[str, Any]], aws_time: _Stopwatch
) -> None:
    total, ours = [], []
    for _ in range(_CALLS):
        aws_time.seconds, begin = 0.0, time.perf_counter()
        response = call()
        elapsed = time.perf_counter() - begin
        assert response["statusCode"] == 200, response  # noqa: S101, PLR2004 - else it measures nothing
        total.append(elapsed * 1000)
        ours.append((elapsed - aws_time.seconds) * 1000)
    cells = [
        quantiles(times, n=100)[percent - 1]
        for times in (total, ours)
        for percent in (50, 95)
    ]
    print(
        f"{name:<24}{cells[0]:>8.1f}{cells[1]:>8.1f}{cells[2]:>24.1f}{cells[3]:>8.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
