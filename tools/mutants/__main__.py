"""Print how many mutants of the modules that must not be wrong the tests notice."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from tools.mutants.covered import RunStore
from tools.mutants.mutation import Mutant, mutants_of
from tools.mutants.plugin import MutantPlugin
from tools.mutants.verdict import State, Verdict, VerdictLog

#: The modules in which an error costs money or data.
MODULES = (
    "functions/aws/submission_claim.py",
    "functions/sending.py",
    "functions/submit.py",
    "functions/aws/job_store.py",
    "functions/core/routing.py",
    "functions/check.py",
    "functions/webhook.py",
    "functions/aws/callbacks.py",
    "functions/aws/waits_table.py",
    "functions/aws/rate_limiter.py",
    "functions/aws/results.py",
    "functions/aws/streaming.py",
    "functions/providers/transport/download.py",
    "functions/providers/transport/framing.py",
)
TESTS = ("tests/unit", "tests/contract", "tests/faults")
WITHOUT = (
    # What these check is the text of the code, not what it does.
    "tests/unit/test_architecture.py",
    "tests/unit/test_cold_start.py",
    # These start a process or a server, in which no mutant acts.
    "tests/unit/test_cli.py",
    "tests/unit/test_console_server.py",
    "tests/unit/test_watch.py",
    # Each of these repeats many runs of a whole execution: minutes for each mutant.
    "tests/faults/test_injected.py",
)
#: Mutants that change nothing that anyone could see, each with its reason.
EQUIVALENT = Path(__file__).with_name("equivalent.json")
#: What a run leaves for the next one; it makes it faster, and says nothing else.
CACHE = Path(".cache/mutants")


def main() -> int:
    """Run the command; return 1 where the score is below the bar."""
    arguments = _parser().parse_args()
    equivalent: dict[str, str] = json.loads(EQUIVALENT.read_text())
    mutants = [
        mutant
        for module in arguments.modules or MODULES
        for mutant in mutants_of(Path(module))
    ]
    if unknown := equivalent.keys() - {
        mutant.name for module in MODULES for mutant in mutants_of(Path(module))
    }:
        _print("These are in equivalent.json and nowhere else:", *sorted(unknown))
        return 1
    if arguments.sample:
        mutants = random.Random(16).sample(mutants, arguments.sample)  # noqa: S311 - no secret
    to_judge = [mutant for mutant in mutants if mutant.name not in equivalent]
    if arguments.worker:
        _work(to_judge, arguments.worker, arguments.tests)
    verdicts = _run(len(to_judge), arguments.processes)
    return _report(mutants, verdicts, equivalent, bar=arguments.bar)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", help="only these, such as functions/check.py"
    )
    parser.add_argument("--sample", type=int, help="only this many mutants, at random")
    parser.add_argument(
        "--tests", nargs="+", default=list(TESTS), help="which tests run"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--bar", type=float, default=95.0, help="least score in percent"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser


def _work(mutants: list[Mutant], worker: str, tests: list[str]) -> NoReturn:
    """Judge what no other process judges; `worker` is "number/of/log file"."""
    number, of, log = worker.split("/", 2)
    plugin = MutantPlugin(
        mutants,
        share=(int(number), int(of)),
        store=RunStore(CACHE, MODULES),
        log=VerdictLog(Path(log)),
        earlier={
            verdict.mutant: verdict.by
            for verdict in VerdictLog(CACHE / "verdicts").verdicts()
        },
    )
    ignored = [f"--ignore={path}" for path in WITHOUT]
    options = ["-q", "-p", "no:cacheprovider", "-o", "timeout=0", "--no-header"]
    options += ["--tb=no", "--assert=plain"]  # nobody reads how a mutant differs
    options += [f"--basetemp={CACHE / f'tmp-{number}'}"]
    code = int(pytest.main([*options, *ignored, *tests], plugins=[plugin]))
    sys.stdout.flush()
    # A thread that a mutant has left behind would keep the process; tests should fail.
    os._exit(0 if code == pytest.ExitCode.TESTS_FAILED else code)


def _run(total: int, processes: int) -> list[Verdict]:
    """Judge the mutants in several processes; return what they found."""
    CACHE.mkdir(parents=True, exist_ok=True)
    log = VerdictLog(CACHE / f"verdicts-{os.getpid()}")
    workers = []
    for number in range(processes):
        command = [sys.executable, "-m", "tools.mutants", *sys.argv[1:]]
        place = f"{number}/{processes}/{log.path}"
        with (CACHE / f"output-{number}").open("w") as output:
            workers.append(
                subprocess.Popen(  # noqa: S603 - this very command
                    [*command, "--worker", place], stdout=output, stderr=output
                )
            )
    try:
        # One that failed leaves work undone for which the others may wait.
        while {worker.poll() for worker in workers} in ({None}, {None, 0}):
            time.sleep(2)
            sys.stderr.write(f"\r{len(list(log.verdicts()))} of {total} mutants")
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
        for verdict in (verdicts := list(log.verdicts())):
            VerdictLog(CACHE / "verdicts").write(verdict)
        notes = sorted(set(log.notes()))
        log.remove()
    _print("", *notes, sep="\n")
    if len(verdicts) < total:
        _print(f"Only {len(verdicts)} of {total} were judged. See {CACHE}/output-*.")
    return verdicts


def _print(*words: str, sep: str = " ") -> None:
    sys.stdout.write(sep.join(words) + "\n")


def _report(
    mutants: Sequence[Mutant],
    verdicts: Sequence[Verdict],
    equivalent: Mapping[str, str],
    *,
    bar: float,
) -> int:
    """Print the table and the survivors."""
    states = {verdict.mutant: verdict.state for verdict in verdicts}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in mutants:
        state = states.get(mutant.name, "unjudged")
        counts[str(mutant.path)][
            "equivalent" if mutant.name in equivalent else state
        ] += 1
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the one of the PATH
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    _print(f"Commit {commit or 'unknown'}, {datetime.now(UTC):%Y-%m-%d}\n")
    _print("| Module | Mutants | Noticed | By time-out | Equivalent | Left | Score |")
    _print("|---|---:|---:|---:|---:|---:|---:|")
    for module, count in counts.items():
        _print(_row(f"`{module}`", count))
    total: Counter[str] = sum(counts.values(), Counter())
    _print(_row("all", total))
    survivors = [
        mutant for mutant in mutants if states.get(mutant.name) is State.SURVIVED
    ]
    if survivors:
        _print("\nNo test notices:")
    for mutant in survivors:
        _print(f"  {mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
    return int(total["unjudged"] > 0 or _score(total) < bar)


def _score(count: Counter[str]) -> float:
    noticed = count[State.NOTICED] + count[State.TIMED_OUT]
    others = noticed + count[State.SURVIVED] + count["unjudged"]
    return 100.0 * noticed / others if others else 100.0


def _row(name: str, count: Counter[str]) -> str:
    """Return a line of the table; skipped mutants are none."""
    cells = (
        count.total() - count[State.SKIPPED],
        count[State.NOTICED] + count[State.TIMED_OUT],
        count[State.TIMED_OUT],
        count["equivalent"],
        count[State.SURVIVED] + count["unjudged"],
    )
    return f"| {name} | {' | '.join(map(str, cells))} | {_score(count):.1f} % |"


if __name__ == "__main__":
    sys.exit(main())
