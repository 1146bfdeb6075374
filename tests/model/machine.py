"""Machine: give a world any sequence of commands, with the invariants after each.

The commands are those of people, AWS, providers and misfortune. At the end misfortune
stops, and every job has to come to an end that somebody was told.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from local.simulators.ipqs.job import FINISHED
from local.simulators.txncheck.behaviour import RequestOutcome
from tests.canary import Canary
from tests.faults.findings import leaks
from tests.faults.scenarios import ROWS
from tests.model.endings import endings, misfortune_ends
from tests.model.expected import after_cancel, after_retry, status_of_retry
from tests.model.invariants import Memory, violations
from tests.model.people import KINDS, MOBILES, People, Upload, jobs, requests
from tests.world.injection import Mode
from tests.world.site import IPQS_KEY, TXNCHECK_KEY, WEBHOOK_SECRET, Site
from tests.world.state_machine import Execution
from tests.world.world import ApiResponse, World

_T = TypeVar("_T")
_MOST_UPLOADS = 3
_FUNCTIONS = ("begin", "submit", "check", "download", "conclude", "sweep", "api")
_REDRIVABLE = ("FAILED", "ABORTED", "TIMED_OUT")
#: Which of some things a command is about: it counts modulo their number.
_WHICH = st.integers(0, 5)
#: Some seconds, an hour, and beyond the deadlines of either provider.
_SECONDS = st.sampled_from((0.5, 5.0, 60.0, 3_600.0, 30_000.0, 90_000.0))
#: How the job of an upload is started.
_WAYS = st.sampled_from(("event", "event of S3", "API", "nobody"))
_SKEWS = st.sampled_from((-600.0, 0.0, 600.0))
#: A call that fails while a command is carried out: how, and the how manieth.
_LOSSES = st.none() | st.tuples(st.sampled_from(Mode), st.integers(0, 4))
#: The call of a cancellation that stops the execution fails.
STOP = 3
_STOP_LOST = st.tuples(st.sampled_from(Mode), st.just(STOP))
_CANARY = Canary((IPQS_KEY, TXNCHECK_KEY, WEBHOOK_SECRET, *ROWS, MOBILES))
#: What a status of the API means that says nothing of the request.
_UNANSWERED = 500


class Violation(AssertionError):
    """Something is not as it must be."""


@dataclass
class Progress:
    """The number of examples that were begun, and in which one the first failed."""

    examples: int = 0
    failed_at: int = 0
    found: list[str] = field(default_factory=list)


class ProductMachine(RuleBasedStateMachine):
    """The product in a world of its own."""

    def __init__(self, site: Site, progress: Progress | None = None) -> None:
        super().__init__()
        self.progress = progress or Progress()
        self.progress.examples += 1
        self.world = World(site, webhooks=True)
        self.people = People(self.world)
        self._site = site
        self._memory = Memory()
        self._by_hand = 0
        site.ipqs.behave(columns=("Email Address", "Valid"))

    @initialize(
        webhooks=st.booleans(),
        kind=st.sampled_from(KINDS),
        by=_WAYS,
        held=st.booleans(),
    )
    def begin(self, webhooks: bool, kind: str, by: str, held: bool) -> None:
        """Begin with or without webhooks and credits, and with an upload."""
        if not webhooks:
            self.world = World(self._site, webhooks=False)
            self.people = People(self.world)
            self._site.ipqs.behave(columns=("Email Address", "Valid"))
        if held:
            self.use_up_credits(600.0)
        self.upload(kind, by)

    # What people do.

    @precondition(lambda self: len(self.people.uploads) < _MOST_UPLOADS)
    @rule(
        kind=st.sampled_from(KINDS),
        by=_WAYS,
    )
    def upload(self, kind: str, by: str = "event") -> None:
        """Upload a file, which an event or the API announces, or nobody yet."""
        upload = self.people.upload(kind)
        if by == "API":
            self.start(len(self.people.uploads) - 1)
        elif by != "nobody":
            self._announce(upload, by_s3=by == "event of S3")

    @precondition(lambda self: self.people.uploads)
    @rule(which=_WHICH, by_s3=st.booleans())
    def announce(self, which: int, by_s3: bool = False) -> None:
        """Let an event arrive, which may be the first one or a repeated one."""
        self._announce(_pick(self.people.uploads, which), by_s3=by_s3)

    @precondition(lambda self: self.people.uploads)
    @rule(
        which=_WHICH,
        key=st.sampled_from(("", "", "one", "two")),
        fresh=st.booleans(),
        loss=_LOSSES,
        patient=st.booleans(),
    )
    def start(
        self,
        which: int,
        key: str = "",
        fresh: bool = False,
        loss: tuple[Mode, int] | None = None,
        patient: bool = True,
    ) -> None:
        """Start the job of an object through the API, or another one of it."""
        upload = _pick(self.people.uploads, which)
        upload.asked = True
        body: dict[str, Any] = {
            "key": upload.job.key,
            "version_id": upload.job.version_id,
        }
        if fresh:
            body["fresh"] = True
        name = f"{key} of {upload.job.key.rpartition(' ')[2]}" if key else ""
        if fresh and name not in self.people.keys:
            upload.fresh += 1
        if fresh and name:
            self.people.keys.add(name)
        key_header = name.replace(" ", "-")
        answer = self._call(
            "POST",
            "/jobs",
            body,
            idempotency_key=key_header,
            loss=loss,
            # Each try is a job of its own.
            tries=4 if patient and not (fresh and not name) else 1,
        )
        if answer.status < _UNANSWERED and not (key and answer.status == 409):
            self._require(answer.status == 202, f"start is answered {answer}")
            if not fresh and not key:
                own = answer.document["job_id"] == upload.job.job_id
                self._require(own, "the object's job has another id")

    @precondition(lambda self: bool(jobs(self.world)))
    @rule(which=_WHICH, loss=_LOSSES | _STOP_LOST, patient=st.booleans())
    def cancel(
        self,
        which: int,
        loss: tuple[Mode, int] | None = None,
        patient: bool = True,
    ) -> None:
        """Cancel a job through the API."""
        record = _pick(jobs(self.world), which)
        answer = self._call(
            "POST",
            f"/jobs/{record.job_id}/cancel",
            loss=loss,
            tries=4 if patient else 1,
        )
        if answer.status < _UNANSWERED:
            for problem in after_cancel(self.world, record, answer):
                self._require(False, problem)

    @precondition(lambda self: bool(jobs(self.world)))
    @rule(which=_WHICH, loss=_LOSSES, patient=st.booleans())
    def retry(
        self,
        which: int,
        loss: tuple[Mode, int] | None = None,
        patient: bool = True,
    ) -> None:
        """Retry a job through the API, whether it has ended or not."""
        record = _pick(jobs(self.world), which)
        upload = self.people.upload_of(record)
        if upload is not None:
            upload.retries += 1
        expected = status_of_retry(self.world, record)
        injected = len(self.world.injector.injected)
        answer = self._call(
            "POST", f"/jobs/{record.job_id}/retry", loss=loss, tries=4 if patient else 1
        )
        if len(self.world.injector.injected) == injected:
            self._require(
                answer.status == expected,
                f"a retry is answered {answer}, not {expected}: {record}",
            )
        if answer.status == 202:
            for problem in after_retry(self.world, record):
                self._require(False, problem)

    @precondition(lambda self: bool(requests(self.world)))
    @rule(which=_WHICH, command=st.sampled_from(("retry", "cancel", "get")))
    def use_the_id_of_a_request(self, which: int, command: str = "retry") -> None:
        """Use the id of one request of a batch as if it were a job's."""
        path = f"/jobs/{_pick(requests(self.world), which).job_id}"
        injected = len(self.world.injector.injected)
        answer = (
            self._call("GET", path)
            if command == "get"
            else self._call("POST", f"{path}/{command}")
        )
        if len(self.world.injector.injected) == injected:
            self._require(
                answer.status == 404, f"a request of a batch is a job: {answer}"
            )

    @precondition(lambda self: bool(jobs(self.world)))
    @rule(which=_WHICH)
    def look(self, which: int) -> None:
        """Read a job and the list of jobs through the API."""
        record = _pick(jobs(self.world), which)
        answer = self._call("GET", f"/jobs/{record.job_id}")
        if answer.status < _UNANSWERED:
            self._require(
                (answer.document.get("outcome") or "") == record.outcome,
                f"the API says {answer}, the table {record}",
            )
        listed = self._call("GET", "/jobs")
        if listed.status < _UNANSWERED:
            ids = {job["job_id"] for job in listed.document["jobs"]}
            expected = {each.job_id for each in jobs(self.world)}
            self._require(ids == expected, f"the list of jobs is {listed}")

    @precondition(lambda self: self.people.uploads)
    @rule(which=_WHICH, again=_WHICH)
    def new_execution(self, which: int, again: int = 0) -> None:
        """Start an execution by hand, with the input of another one if there is one."""
        machine, upload = self.world.machine, _pick(self.people.uploads, which)
        earlier = self._executions_of(upload)
        self._by_hand += 1
        name = f"by-hand-{self._by_hand}"
        upload.asked = True
        if earlier:
            machine.start(name, _pick(earlier, again).input)
        else:
            self.world.start_execution(upload.job, name=name)

    @precondition(lambda self: self._running())
    @rule(which=_WHICH)
    def stop(self, which: int) -> None:
        """Stop an execution by hand."""
        self.world.stop_execution(_pick(self._running(), which).name)

    @precondition(lambda self: self._redrivable())
    @rule(which=_WHICH)
    def redrive(self, which: int) -> None:
        """Continue an execution by hand that did not succeed."""
        self.world.redrive(_pick(self._redrivable(), which).name)

    # What time, AWS and the providers do.

    @rule(seconds=_SECONDS)
    def wait(self, seconds: float) -> None:
        """Let some time pass."""
        self.world.run(seconds=seconds)

    @rule(state=st.sampled_from(("Wait", "Listen", "Hold", "Requests", "Submit")))
    def wait_for_state(self, state: str) -> None:
        """Let time pass until an execution is in a state, for an hour at most."""
        self.world.run(seconds=3_600.0, until_state=state)

    @rule()
    def sweep(self) -> None:
        """Let the sweep run."""
        self.world.sweep()

    @rule(seconds=st.sampled_from((2.0, 600.0, 100_000.0)))
    def work(self, seconds: float) -> None:
        """Let the providers take longer: beyond the deadline, finish late."""
        self._site.ipqs.behave(seconds_processing=seconds)
        self._site.txncheck.behave(seconds_processing=seconds)

    @rule(ends=st.none() | st.sampled_from(RequestOutcome))
    def fail_or_recover(self, ends: RequestOutcome | None) -> None:
        """Let all requests that end from now on end in one way, or by their digits."""
        self._site.txncheck.behave(ends=ends)

    @precondition(lambda self: self._abortable())
    @rule()
    def abort(self) -> None:
        """Let IPQS abort its latest list."""
        self._site.ipqs.abort(self._abortable()[-1])

    @rule(seconds=st.sampled_from((0.0, 600.0, 40_000.0)))
    def use_up_credits(self, seconds: float) -> None:
        """Let the credits be used up for some time, or be back now."""
        for simulator in (self._site.ipqs, self._site.txncheck):
            simulator.behave(credits_back_at=self._site.clock.now() + seconds)

    @rule(seconds=st.sampled_from((0.0, 300.0)))
    def lag_the_list(self, seconds: float) -> None:
        """Let IPQS' list show an upload late."""
        self._site.ipqs.behave(list_lag_seconds=seconds)

    # Misfortune.

    @rule(mode=st.sampled_from(Mode), after=st.integers(0, 25))
    def lose_a_call(self, mode: Mode, after: int) -> None:
        """Let one of the next calls fail."""
        self.world.fail_call(mode, after=after)

    @rule(calls=st.sampled_from((5, 20, 60)), after=st.integers(0, 10))
    def break_down(self, calls: int, after: int = 0) -> None:
        """Let many calls fail, one after the other: more than the retries outlast."""
        for number in range(calls):
            self.world.fail_call(Mode.ERROR_BEFORE, after=after + number)

    @rule(function=st.sampled_from(_FUNCTIONS), seconds=_SKEWS)
    def set_clock(self, function: str, seconds: float) -> None:
        """Let a function's clock be wrong, or right again."""
        self.world.skew = {**self.world.skew, function: seconds}
        self._site.skew = self.world.skew

    @rule(count=st.integers(1, 3))
    def lose_webhooks(self, count: int) -> None:
        """Let the next webhooks be lost."""
        self.world.lost_webhooks = count

    @precondition(lambda self: self._site.txncheck.accepted)
    @rule(which=_WHICH, forged=st.booleans())
    def repeat_webhook(self, which: int, forged: bool) -> None:
        """Deliver a webhook again, or one with another secret."""
        request = _pick(self._site.txncheck.accepted, which)
        if forged and self._site.txncheck.webhook_url:
            injected = len(self.world.injector.injected)
            status = self.world.forge_webhook(request.id)
            lost = len(self.world.injector.injected) > injected
            self._require(
                lost or status in (401, None), f"a forged webhook is answered {status}"
            )
        elif request.webhook_attempts:
            self._site.txncheck.redeliver(request.id)

    # What must be true.

    @invariant()
    def all_is_as_it_must_be(self) -> None:
        """Check the invariants."""
        for problem in violations(self.people, self._memory):
            self._require(False, problem)

    def teardown(self) -> None:
        """End all misfortune; every job has to come to an end."""
        if self.progress.failed_at == self.progress.examples:
            return  # the end of what has failed says nothing
        misfortune_ends(self.world)
        for problem in endings(self.people):
            self._require(False, problem)
        self.all_is_as_it_must_be()
        for finding in leaks(self.world, _CANARY):
            self._require(False, f"a leak: {finding.text}")

    # Helpers.

    def _announce(self, upload: Upload, *, by_s3: bool) -> None:
        upload.asked = True
        self.world.announce(upload.job, by_s3=by_s3)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        loss: tuple[Mode, int] | None = None,
        **options: Any,  # noqa: ANN401 - those of call_api
    ) -> ApiResponse:
        if loss is not None:
            self.world.fail_call(loss[0], after=loss[1])
        injected = len(self.world.injector.injected)
        answer = self.world.call_api(method, path, body, **options)
        self._require(
            answer.status < _UNANSWERED or len(self.world.injector.injected) > injected,
            f"{method} {path} is answered {answer}",
        )
        return answer

    def _executions_of(self, upload: Upload) -> list[Execution]:
        return [
            execution
            for execution in self.world.machine.executions.values()
            if json.loads(execution.input).get("version_id") == upload.job.version_id
        ]

    def _running(self) -> list[Execution]:
        return self._executions(lambda execution: not execution.is_over)

    def _redrivable(self) -> list[Execution]:
        return self._executions(lambda execution: execution.status in _REDRIVABLE)

    def _executions(self, is_wanted: Callable[[Execution], bool]) -> list[Execution]:
        return [*filter(is_wanted, self.world.machine.executions.values())]

    def _abortable(self) -> list[int]:
        csvs = self._site.ipqs.csvs
        return [csv.id for csv in csvs if csv.status != FINISHED]

    def _require(self, holds: bool, problem: str) -> None:
        if not holds:
            self.progress.failed_at = self.progress.failed_at or self.progress.examples
            self.progress.found.append(problem)
            raise Violation(problem)


def _pick(things: Sequence[_T], which: int) -> _T:
    return things[which % len(things)]
