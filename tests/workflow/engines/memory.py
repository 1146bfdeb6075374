"""Memory: run the scenarios on the interpreter of the fault tests, in this process."""

import json
import random
from collections.abc import Mapping
from typing import Any

from local.simulators.clock import Clock
from tests.workflow.fake_lambda import respond
from tests.workflow.runs import (
    TASKS,
    Action,
    ExecutionTrace,
    Run,
    Traces,
    bound,
    comparable,
    transitions,
)
from tests.world.interpreter import StateFailed
from tests.world.scheduler import Scheduler
from tests.world.state_machine import StateMachine


def run_all(definition: Mapping[str, Any], runs: Mapping[str, Run]) -> Traces:
    """Return what each run does on the interpreter."""
    machine = bound(definition, dict(zip(TASKS, TASKS, strict=True)), "topic")
    return {name: _Resources(run).trace(machine) for name, run in runs.items()}


class _Resources:
    """What one execution calls: functions that follow scripts, a bucket and a topic."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._written: dict[str, bytes] = {}
        self._actions: dict[tuple[str, str], list[Action]] = {
            (job_id, task): list(actions)
            for job_id, script in run.scripts.items()
            for task, actions in script.items()
        }

    def trace(self, definition: Mapping[str, Any]) -> ExecutionTrace:
        """Run the execution to its end."""
        scheduler = Scheduler(Clock())
        self._machine = StateMachine(
            definition,
            scheduler=scheduler,
            call_task=self._call,
            ended=lambda _execution: None,
            random_=random.Random(0),
        )
        job = self._run.job
        execution = self._machine.start(job.job_id, json.dumps(job.to_state()))
        scheduler.run(until=float("inf"))
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in execution.events
            if "stateEnteredEventDetails" in event
        ]
        return ExecutionTrace(
            status=execution.status,
            error=execution.error,
            cause=execution.cause,
            transitions=transitions("start", entered),
            output=comparable(self._with_answers(json.loads(execution.output or "{}"))),
            requests={
                input_["part"]["number"]: transitions("Requests", states)
                for input_, states in execution.children
            },
        )

    def _with_answers(self, output: dict[str, Any]) -> dict[str, Any]:
        if "answers" not in output:
            return output
        texts = [
            json.loads(line)
            for key, content in self._written.items()
            if key.endswith(".jsonl")
            for line in content.splitlines()
        ]
        return {**output, "answers": texts}

    def _call(self, resource: str, parameters: Any) -> Any:  # noqa: ANN401 - any JSON
        service = resource.split(":")[-2]
        if service == "lambda":
            return self._invoke(parameters["FunctionName"], parameters["Payload"])
        if service == "sns":
            if not self._run.topic_exists:
                raise StateFailed("SNS.NotFoundException")
            return {}
        if resource.endswith(":putObject"):
            self._written[parameters["Key"]] = parameters["Body"]
            return {}
        if not self._run.items:
            raise StateFailed("States.ItemReaderFailed")
        return self._run.items

    def _invoke(self, task: str, event: dict[str, Any]) -> dict[str, Any]:
        job = event.get("job", event)
        actions = self._actions[job["job_id"], task]
        action = actions.pop(0) if len(actions) > 1 else actions[0]
        if "wake" in action:
            use = {"taskToken": event["token"], "output": json.dumps(action["wake"])}
            self._machine.call("SendTaskSuccess", use)
        try:
            return {"Payload": respond(action, event)}
        except Exception as error:  # noqa: BLE001 - the script names its class
            raise StateFailed(type(error).__name__, str(error)) from None
