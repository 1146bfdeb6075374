"""Scaling: work out what a number of jobs a day takes of AWS, evenly spread.

    python -m benchmarks.scaling [--jobs 1000000]

It is counted by the cost model (`functions.core.cost`) and the poll policy of IPQS.
"""

import argparse
import sys

from functions.core.cost import DEFAULT_RUN_SECONDS, RUN_SECONDS, Usage, polled_job
from functions.core.function_table import FUNCTIONS
from functions.core.prices import PRICES, PRICES_NOTED_ON
from functions.core.schedule import DAY_SECONDS, checks_until
from infra import config

_DURATIONS = {"1 min": 60, "10 min": 600, "1 h": 3600}
_RESULTS, _JOINED = 4, 2
_MILLION = 1_000_000


def main() -> int:
    """Print a table with a column for each duration of the jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=_MILLION)
    jobs = parser.parse_args().jobs
    stage = config.stage("prod", config.context()["courier"])
    policy = stage.providers["ipqs"].poll
    columns = [
        _needs(
            polled_job(
                checks=checks_until(seconds, policy), kinds=_RESULTS, joined=_JOINED
            ),
            each_second=jobs / DAY_SECONDS,
            seconds=seconds,
            reserved=stage.reserved_concurrency,
        )
        for seconds in _DURATIONS.values()
    ]
    print(f"{f'{jobs:,} jobs a day, of':36}{''.join(f'{d:>10}' for d in _DURATIONS)}")
    for name in columns[0]:
        print(f"{name:36}{''.join(f'{column[name]:>10,.0f}' for column in columns)}")
    print(f"List prices of us-east-1 as noted on {PRICES_NOTED_ON}.")
    return 0


def _needs(
    usage: Usage, *, each_second: float, seconds: float, reserved: dict[str, int]
) -> dict[str, float]:
    runs = {
        name: usage.visits.get(name.capitalize(), 0) * each_second
        for name in FUNCTIONS
        if name.capitalize() in usage.visits
    }
    at_once = {
        name: times * RUN_SECONDS.get(name.capitalize(), DEFAULT_RUN_SECONDS)
        for name, times in runs.items()
    }
    # Half of the units are those of the index by month, whose key is the month.
    units = usage.shares["tables"] / PRICES["write"].usd / 2
    logs = usage.shares["functions' logs"] + usage.shares["state machine's log"]
    return {
        "executions started a second": each_second,
        "executions open": each_second * seconds,
        "state transitions a second": usage.transitions * each_second,
        "calls of functions a second": sum(runs.values()),
        "functions at once": sum(at_once.values()),
        **{
            f"  {name} (prod reserves {reserved.get(name, 0)})": at_once[name]
            for name in ("check", "download", "prepare", "submit", "join")
        },
        "write units a second, index by month": units * each_second,
        "PUTs to S3 a second": usage.s3_puts * each_second,
        "reads of secrets a second, at most": usage.shares["secrets"]
        / PRICES["secret"].usd
        * each_second,
        "GB of logs a day": logs
        / PRICES["log_byte"].usd
        / 1e9
        * each_second
        * DAY_SECONDS,
        "USD a day": usage.usd * each_second * DAY_SECONDS,
    }


if __name__ == "__main__":
    sys.exit(main())
