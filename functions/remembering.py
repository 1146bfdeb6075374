"""Remembering: keep the verdicts of a joined list for the lists that come after it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from functions.aws import telemetry
from functions.aws.verdict_memory import RememberedVerdict, VerdictMemory
from functions.core.errors import CourierError
from functions.core.metrics import Metric
from functions.core.model import Job
from functions.joining.verdicts import Verdicts
from functions.tables.masked_row import masked_row
from functions.tables.values import match_key

#: Verdicts are written together: a failure costs no more than these.
_TOGETHER = 400
#: What is not written by then is not remembered: it must not end the Join.
_MOST_SECONDS = 300.0
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Remembering:
    """Keeps verdicts in the memory for `days` after the provider has given them."""

    memory: VerdictMemory
    days: int
    now: Callable[[], float]

    def remember(self, job: Job, verdicts: Verdicts) -> None:
        """Keep a job's verdicts; count those that could not be kept.

        A job does not fail by it: what is not remembered is paid for once more.
        """
        ends_at = self.now() + _MOST_SECONDS
        kept = total = 0
        is_over = False
        rows = verdicts.rows()
        while together := [*islice(rows, _TOGETHER)]:
            total += len(together)
            is_over = is_over or self.now() > ends_at
            if is_over:
                continue
            try:
                found = dict(self._verdicts(job, together, verdicts.columns))
                kept += self.memory.remember(found, seconds=self.days * _DAY_SECONDS)
            except CourierError as error:
                is_over = True
                telemetry.logger.warning(
                    "verdicts not remembered",
                    error=type(error).__name__,
                    reason=str(error),
                )
        telemetry.logger.info("verdicts remembered", kept=kept, of=total)
        telemetry.measure({Metric.VERDICTS_NOT_REMEMBERED: total - kept}, job)

    def _verdicts(
        self, job: Job, rows: Iterable[list[str]], columns: tuple[str, ...]
    ) -> Iterator[tuple[str, RememberedVerdict]]:
        for value, list_, *cells in rows:
            key = match_key(job.type, value)
            row = dict(zip(columns, cells, strict=True))
            yield (
                self.memory.id_of(job.provider, job.type, key),
                RememberedVerdict(
                    list=list_,
                    row=masked_row(job.type, value, row),
                    verified_at=job.finished_at,
                    job_id=job.job_id,
                ),
            )
