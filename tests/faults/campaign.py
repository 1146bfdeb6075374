"""Campaign: carry out many runs at once, each process at a site of its own."""

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from multiprocessing.util import Finalize
from pathlib import Path

from tests.faults.findings import Column, Finding
from tests.faults.runs import Run, Runner, pairs, singles, triples
from tests.faults.scenarios import SCENARIOS
from tests.world.site import Site

PROVIDERS = tuple(sorted({scenario.provider for scenario in SCENARIOS.values()}))
_CHUNK = 100  # runs that a process takes at once
_OPEN = ExitStack()  # of this process, until it ends
_runner: Runner | None = None

#: What is left of a run: its name, what was wrong, and where the faults were.
Report = tuple[str, Sequence[Finding], Sequence[str]]


@dataclass
class Tally:
    """The sums of a provider's runs."""

    runs: int = 0
    columns: Counter[Column] = field(default_factory=Counter)
    failed: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> bool:
        """Count one run, once in each of its columns; return whether it failed."""
        self.runs += 1
        columns = {finding.column for finding in report[1]}
        self.columns.update(columns)
        is_failed = bool(columns - {Column.PERSON})
        if is_failed:
            self.failed.append(report)
        return is_failed


def open_site(assembly: str) -> None:
    """Open this process' own site, which its runs share."""
    global _runner  # noqa: PLW0603 - a process of the pool has no other place for it
    _runner = Runner(_OPEN.enter_context(Site.opened(Path(assembly))))
    # What is loaded by now stays; that of a run is soon gone, in cycles of objects.
    gc.freeze()
    gc.set_threshold(100_000, 20, 1_000)
    # A process does not end before the simulators' threads.
    Finalize(None, _OPEN.close, exitpriority=1)


def carry_out(runs: Sequence[str]) -> list[Report]:
    """Carry out some runs in this process."""
    assert _runner is not None
    results = map(_runner.run, map(Run.parse, runs))
    return [(str(r.run), r.findings, r.injected) for r in results]


def clean_calls(scenario: str) -> tuple[str, ...]:
    """Return the calls of a run without faults, in this process."""
    assert _runner is not None
    return _runner.clean_calls(scenario)


def plan(
    provider: str,
    calls: Mapping[str, Sequence[str]],
    count: int,
    seed: int,
    *,
    only_singles: bool = False,
) -> Iterator[Run]:
    """Yield the runs of a provider: singles, pairs of its first scenario, triples."""
    own = {
        name: calls[name]
        for name, scenario in SCENARIOS.items()
        if scenario.provider == provider
    }
    for name, own_calls in own.items():
        yield from singles(name, own_calls)
    if only_singles:
        return
    first = next(iter(own))
    yield from pairs(first, own[first])
    yield from triples(own, count, seed)


def in_turns(plans: Iterable[Iterator[Run]]) -> Iterator[Run]:
    """Yield the runs of several plans in turns, so that both get as far."""
    for turn in zip_longest(*plans):
        yield from filter(None, turn)


def carry_out_all(
    pool: ProcessPoolExecutor,
    runs: Iterable[Run],
    *,
    progress: Callable[[str], None],
    minutes: float = float("inf"),
) -> dict[str, Tally]:
    """Keep every process of a pool busy until all is done; return the sums.

    `progress` gets a line about how far it is, every ten seconds, and the name of each
    run that failed. After some `minutes` no more runs begin.
    """
    started = time.monotonic()
    tallies = {provider: Tally() for provider in PROVIDERS}
    texts, busy = iter(map(str, runs)), set[Future[list[Report]]]()
    done, printed = 0, started
    while True:
        while len(busy) < 2 * (os.cpu_count() or 1) + 2:
            is_late = time.monotonic() - started > 60 * minutes
            if is_late or not (chunk := list(islice(texts, _CHUNK))):
                break
            busy.add(pool.submit(carry_out, chunk))
        if not busy:
            return tallies
        finished, busy = wait(busy, return_when=FIRST_COMPLETED)
        for future in finished:
            for report in future.result():
                tally = tallies[SCENARIOS[report[0].split()[0]].provider]
                if tally.add(report):
                    progress(f"failed: {report[0]}")
                done += 1
        if (now := time.monotonic()) - printed > 10:
            printed = now
            failed = sum(len(tally.failed) for tally in tallies.values())
            rate = done / (now - started)
            progress(f"{done:7} runs, {failed} failed, {rate:.0f} a second")
