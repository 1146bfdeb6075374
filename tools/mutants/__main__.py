"""Print how many mutants of the modules that must not be wrong the tests notice."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.mutants.mutation import Mutant, mutants_of
from tools.mutants.plugin import MutantPlugin

#: The modules in which an error costs money or data.
MODULES = (
    "functions/submit.py",
    "functions/sending.py",
    "functions/check.py",
    "functions/webhook.py",
    "functions/core/routing.py",
    "functions/aws/job_store.py",
    "functions/aws/submission_claim.py",
    "functions/aws/results.py",
    "functions/aws/streaming.py",
    "functions/aws/callbacks.py",
    "functions/aws/rate_limiter.py",
    "functions/providers/transport/download.py",
    "functions/providers/transport/framing.py",
)
TESTS = ("tests/unit", "tests/contract", "tests/faults")
#: What these check is the text of the code, not what it does.
WITHOUT = (
    "tests/unit/test_architecture.py",
    "tests/unit/test_cold_start.py",
    "tests/unit/test_cli.py",
    "tests/unit/test_console_server.py",
    "tests/unit/test_watch.py",
)
#: Mutants that change nothing that anyone could see, each with its reason.
EQUIVALENT = Path(__file__).with_name("equivalent.json")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the tests said of a mutant: noticed, survived, unreached or skipped."""

    mutant: Mutant
    state: str
    by: str


def main() -> int:
    """Run the command; return 1 where the score is below the bar."""
    arguments = _parser().parse_args()
    modules = [Path(module) for module in arguments.modules or MODULES]
    mutants = [mutant for module in modules for mutant in mutants_of(module)]
    random.Random(16).shuffle(mutants)  # noqa: S311 - so that each process gets alike work
    if arguments.sample:
        mutants = mutants[: arguments.sample]
    if arguments.worker:
        return _work(mutants, arguments.worker, arguments.tests)
    verdicts = _run(mutants, arguments)
    return _report(modules, verdicts, bar=arguments.bar)


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


def _work(mutants: list[Mutant], worker: str, tests: list[str]) -> int:
    """Judge every n-th mutant; `worker` is "number/of/report file"."""
    number, of, report = worker.split("/", 2)
    mine = mutants[int(number) :: int(of)]
    plugin = MutantPlugin(mine, report=Path(report))
    ignored = [f"--ignore={path}" for path in WITHOUT]
    options = ["-q", "-p", "no:cacheprovider", "-o", "timeout=0", "--no-header"]
    return int(pytest.main([*options, *ignored, *tests], plugins=[plugin]))


def _run(mutants: list[Mutant], arguments: argparse.Namespace) -> list[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder) / f"{number}" for number in range(arguments.processes)]
        workers = []
        for number, report in enumerate(reports):
            report.touch()
            place = f"{number}/{arguments.processes}/{report}"
            command = [sys.executable, "-m", "tools.mutants", *sys.argv[1:]]
            with (report.with_suffix(".log")).open("w") as log:
                workers.append(
                    subprocess.Popen(  # noqa: S603 - this very command
                        [*command, "--worker", place], stdout=log, stderr=log
                    )
                )
        try:
            while any(worker.poll() is None for worker in workers):
                time.sleep(5)
                _progress(reports, len(mutants))
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
        verdicts = []
        for number, report in enumerate(reports):
            mine = mutants[number :: arguments.processes]
            for line in _lines(report):
                if line.get("failing"):
                    _print("These tests fail without any mutant:", *line["failing"])
                if "mutant" in line:
                    mutant = mine[line["mutant"]]
                    verdict = Verdict(mutant=mutant, state=line["state"], by=line["by"])
                    verdicts.append(verdict)
            if sum("mutant" in line for line in _lines(report)) < len(mine):
                _print(f"Process {number} ended early:")
                _print(report.with_suffix(".log").read_text()[-3000:])
    return verdicts


def _print(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")


def _lines(report: Path) -> Iterator[dict[str, Any]]:
    for line in report.read_text().splitlines():
        yield json.loads(line)


def _progress(reports: list[Path], total: int) -> None:
    done = sum("mutant" in line for report in reports for line in _lines(report))
    sys.stderr.write(f"\r{done} of {total} mutants")
    sys.stderr.flush()


def _report(modules: list[Path], verdicts: list[Verdict], *, bar: float) -> int:
    """Print the table and the survivors."""
    equivalent: dict[str, str] = json.loads(EQUIVALENT.read_text())
    counts: dict[Path, Counter[str]] = defaultdict(Counter)
    survivors = []
    for verdict in sorted(verdicts, key=lambda verdict: verdict.mutant.name):
        state = verdict.state
        if state in ("survived", "unreached"):
            if verdict.mutant.name in equivalent:
                state = "equivalent"
            else:
                survivors.append(verdict)
                state = "survived"
        counts[verdict.mutant.path][state] += 1
    _print(
        "\n\n"
        f"{'module':45} {'mutants':>8} {'noticed':>8} {'equal':>6} {'left':>6} "
        f"{'score':>7}"
    )
    total: Counter[str] = Counter()
    for module in modules:
        total += counts[module]
        _print(_row(str(module), counts[module]))
    _print(_row("all", total))
    if survivors:
        _print("\nNo test notices:")
    for verdict in survivors:
        mutant = verdict.mutant
        _print(f"  {mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
    missing = len(verdicts) == 0
    return int(missing or _score(total) < bar)


def _score(count: Counter[str]) -> float:
    judged = count["noticed"] + count["survived"]
    return 100.0 * count["noticed"] / judged if judged else 100.0


def _row(name: str, count: Counter[str]) -> str:
    mutants = count.total() - count["skipped"]
    return (
        f"{name:45} {mutants:8} {count['noticed']:8} {count['equivalent']:6} "
        f"{count['survived']:6} {_score(count):6.1f}%"
    )


if __name__ == "__main__":
    sys.exit(main())
