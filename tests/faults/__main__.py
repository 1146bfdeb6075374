"""Run the product with every single fault, all pairs and many random triples of faults.

make faults                                  every run, for both providers
make faults ONLY='ipqs-list 5:killed-after'  one run again, as a failing one is named
python -m tests.faults --help                the options
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from local.assembly import synthesize
from tests.faults.campaign import (
    PROVIDERS,
    Tally,
    carry_out_all,
    clean_calls,
    in_turns,
    open_site,
    plan,
)
from tests.faults.findings import Column
from tests.faults.runs import Run
from tests.faults.scenarios import SCENARIOS
from tests.world.deployment import STAGE

TRIPLES = 26_000  # for each provider
_SHOWN = 40  # failing runs that are printed
#: So that a table on the screen is not mixed with the progress.
_say = partial(print, file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the runs and print the table; return 1 if something must not be."""
    options = _options(arguments)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        if options.assembly is None:
            _say("Synthesizing the template …")
            options.assembly = synthesize(STAGE, Path(folder))
        with ProcessPoolExecutor(
            options.processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=open_site,
            initargs=(str(options.assembly),),
        ) as pool:
            if options.only:
                runs: Iterable[Run] = map(Run.parse, options.only.split(";"))
            else:
                names = [
                    name
                    for name, scenario in SCENARIOS.items()
                    if scenario.provider in options.providers
                ]
                calls = dict(zip(names, pool.map(clean_calls, names), strict=True))
                runs = in_turns(
                    islice(
                        plan(
                            provider,
                            calls,
                            options.triples,
                            options.seed,
                            only_singles=options.singles,
                        ),
                        options.skip,
                        None,
                    )
                    for provider in options.providers
                )
            tallies = carry_out_all(pool, runs, progress=_say, minutes=options.minutes)
    _print_failures(tallies)
    _print_table(tallies, options, seconds=time.monotonic() - started)
    return 1 if any(tally.failed for tally in tallies.values()) else 0


def _print_failures(tallies: Mapping[str, Tally]) -> None:
    failed = [report for tally in tallies.values() for report in tally.failed]
    for name, found, injected in failed[:_SHOWN]:
        print(f"FAILED  make faults ONLY='{name}'")
        for fault in injected:
            print(f"        {fault}")
        for finding in found:
            print(f"        {finding.column}: {finding.text}")
    if len(failed) > _SHOWN:
        print(f"        … and {len(failed) - _SHOWN} more")


def _print_table(
    tallies: Mapping[str, Tally], options: argparse.Namespace, *, seconds: float
) -> None:
    """Print the table as docs/reliability.md has it."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the developer's own
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    print(
        f"\nRun of {today}, commit {commit or 'unknown'}, seed {options.seed}: "
        f"{seconds / 60:.0f} minutes on {options.processes} processors.\n"
    )
    print("| provider | runs |", " | ".join(Column), "|")
    print("| --- |" + " ---: |" * (1 + len(Column)))
    for provider, tally in tallies.items():
        if tally.runs:
            numbers = [tally.runs, *(tally.columns[column] for column in Column)]
            print(f"| {provider} |", " | ".join(f"{each:,}" for each in numbers), "|")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    summary, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--provider",
        dest="providers",
        action="append",
        choices=PROVIDERS,
        help="only this provider; may be repeated",
    )
    parser.add_argument(
        "--triples",
        type=int,
        default=TRIPLES,
        help="the number of random triples for each provider (%(default)s)",
    )
    parser.add_argument(
        "--singles", action="store_true", help="no pairs and triples: some minutes"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="leave out what cannot be begun by then; --skip goes on from there",
    )
    parser.add_argument(
        "--skip",
        type=int,
        default=0,
        help="leave out the first runs of each provider, which were carried out before",
    )
    parser.add_argument(
        "--seed", type=int, default=16, help="the seed of the triples (%(default)s)"
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        help="how many runs go on at once (%(default)s)",
    )
    parser.add_argument(
        "--only",
        default="",
        help="carry out these runs only, named as failing ones are; parted by ;",
    )
    parser.add_argument(
        "--assembly",
        type=Path,
        help="a cloud assembly of the stage local, instead of a new one",
    )
    options = parser.parse_args(arguments)
    options.providers = options.providers or list(PROVIDERS)
    return options


if __name__ == "__main__":
    sys.exit(main())
