"""Late harness: jobs that timed out, sweeps, and the executions that these start."""

import json
from collections import Counter
from dataclasses import dataclass

from functions.aws import clients
from functions.aws.executions import Executions
from functions.aws.late_jobs import LateJobs
from functions.conclude import conclude
from functions.core.model import Job, Outcome
from functions.sweep import Look, Sweep
from tests.faults.execution_driver import ExecutionDriver, LambdaProcess
from tests.faults.harness import ROLE, TABLE, StepHarness

_DEFINITION = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


@dataclass(frozen=True, kw_only=True)
class LateHarness:
    """Sweeps over the jobs of the harness, whose executions the driver runs."""

    driver: ExecutionDriver
    machine: str

    @classmethod
    def create(cls, driver: ExecutionDriver) -> "LateHarness":
        """Create a state machine; forget the jobs that other tests let time out."""
        machine = clients.step_functions().create_state_machine(
            name="late", definition=json.dumps(_DEFINITION), roleArn=ROLE
        )["stateMachineArn"]
        late_jobs = LateJobs(TABLE, dynamodb=clients.dynamodb())
        for check in late_jobs.due("ipqs", now=1e12, limit=1000):
            if record := late_jobs.claim(check, next_at=1e12):
                late_jobs.drop(record)
        return cls(driver=driver, machine=machine)

    @property
    def harness(self) -> StepHarness:
        """The harness of the steps."""
        return self.driver.harness

    def process(self) -> LambdaProcess:
        """Return a new process, whose calls pass through the driver's injector."""
        return LambdaProcess(self.harness, self.driver.injector)

    def time_out(self, *, failing: bool = False) -> Job:
        """Return a job that has timed out, because its provider never ended it."""
        self.harness.ipqs.behave(seconds_processing=1e9)
        process = self.process()
        submitted = process.submit(self.harness.upload_list())
        self.harness.ipqs.clock.advance(process.settings.poll.deadline_seconds)
        checked = process.check(submitted)
        ended = conclude(checked, None, job_store=process.job_store, now=process.now())
        assert ended.outcome is Outcome.TIMED_OUT
        self.driver.notifications.append(ended.to_state())
        if not failing:
            self.finish()
        return ended

    def finish(self) -> None:
        """Let the provider finish all jobs."""
        self.harness.ipqs.behave(seconds_processing=0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.harness.ipqs.clock.advance(seconds)

    def sweep(self, *, late_days: int = 7, seconds: float = 180.0) -> Counter[Look]:
        """Run a sweep in a new process."""
        process = self.process()
        now = process.now()
        return Sweep(
            adapter=process.provider,
            late_days=late_days,
            job_store=process.job_store,
            late_jobs=LateJobs(TABLE, dynamodb=clients.dynamodb()),
            executions=Executions(
                self.machine, step_functions=clients.step_functions()
            ),
            now=process.now,
        ).run("ipqs", until=now + seconds)

    def started(self, job: Job) -> list[Job]:
        """Return the inputs of the executions that were started for a job."""
        client = clients.step_functions()
        return [
            Job.from_state(
                json.loads(
                    client.describe_execution(executionArn=found["executionArn"])[
                        "input"
                    ]
                )
            )
            for found in client.list_executions(stateMachineArn=self.machine)[
                "executions"
            ]
            if found["name"].startswith(job.job_id)
        ]
