"""State machine: the executions of the deployed definition, and their API in memory."""

import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.world.deployment import STATE_MACHINE_ARN
from tests.world.interpreter import (
    Children,
    Environment,
    Level,
    Sleep,
    StateFailed,
    Token,
    run_level,
)
from tests.world.memory_aws.errors import NotModelled, ServiceError
from tests.world.memory_aws.service import Parameters, Service, operation
from tests.world.scheduler import Event, Scheduler

Json = Any
#: Calls a resource of a Task with its parameters; raises StateFailed.
TaskCall = Callable[[str, Json], Json]
_DEFAULT_PAGE = 100


@dataclass
class Execution:
    """One execution, or a child execution of a Map."""

    arn: str
    name: str
    input: str
    started_at: float
    status: str = "RUNNING"
    output: str = ""
    error: str = ""
    cause: str = ""
    ended_at: float = 0.0
    redrives: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)  # entered, children's included
    #: The input of each child execution, and the states that it entered.
    children: list[tuple[Json, list[str]]] = field(default_factory=list)
    state: tuple[str, Json] = ("", None)  # the last one of its own level, with input
    wakeups: list[Event] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended."""
        return self.status != "RUNNING"


@dataclass
class _Run:
    """A level of states that is being run; `ended` gets its output or its error."""

    execution: Execution
    level: Level
    ended: Callable[[Json | StateFailed], None]


class _ExecutionEnvironment(Environment):
    """The interpreter's calls for one execution."""

    def __init__(
        self,
        machine: "StateMachine",
        execution: Execution,
        child_states: list[str] | None = None,
    ) -> None:
        self.random = machine.random
        self._machine = machine
        self._execution = execution
        self._child_states = child_states

    def entered(self, name: str, data: Json) -> None:
        execution = self._execution
        execution.states.append(name)
        if self._child_states is not None:
            self._child_states.append(name)
        else:
            execution.state = (name, data)
            details = {"name": name, "input": json.dumps(data)}
            self._machine.note(execution, "StateEntered", stateEntered=details)

    def exited(self, name: str, output: str) -> None:
        if self._child_states is None:
            details = {"name": name, "output": output}
            self._machine.note(self._execution, "StateExited", stateExited=details)

    def call(self, resource: str, parameters: Json) -> Json:
        *_, service, action = resource.split(":")
        resource_type = {"resourceType": service, "resource": action}
        self._machine.note(
            self._execution, "TaskScheduled", taskScheduled=resource_type
        )
        try:
            result = self._machine.call_task(resource, parameters)
        except StateFailed as failed:
            details = {**resource_type, "error": failed.error, "cause": failed.cause}
            self._machine.note(self._execution, "TaskFailed", taskFailed=details)
            raise
        details = {**resource_type, "output": json.dumps(result)}
        self._machine.note(self._execution, "TaskSucceeded", taskSucceeded=details)
        return result

    def new_token(self) -> str:
        return self._machine.new_token(self._execution)

    def task_context(self) -> Mapping[str, Json]:
        execution = self._execution
        started = datetime.fromtimestamp(execution.started_at, UTC)
        described = {
            "Id": execution.arn,
            "Name": execution.name,
            "Input": json.loads(execution.input),
            "StartTime": started.isoformat(),
            "RedriveCount": execution.redrives,
        }
        return {"Execution": described}

    def read_items(self, reader: Json) -> list[Json]:
        if reader["ReaderConfig"] != {"InputType": "JSON"}:
            raise NotModelled(f"the reader {reader['ReaderConfig']}")
        items: list[Json] = self._machine.call_task(
            reader["Resource"], reader["Parameters"]
        )
        return items

    def write_results(self, writer: Json, results: Sequence[Json]) -> Json:
        if writer["WriterConfig"] != {
            "OutputType": "JSONL",
            "Transformation": "COMPACT",
        }:
            raise NotModelled(f"the writer {writer['WriterConfig']}")
        bucket = writer["Parameters"]["Bucket"]
        folder = f"{writer['Parameters']['Prefix']}/{self._machine.new_run_id()}"
        lines = "".join(f"{json.dumps(result)}\n" for result in results)
        written_key = f"{folder}/SUCCEEDED_0.jsonl"
        written = {"Key": written_key, "Size": len(lines)}
        manifest = {
            "DestinationBucket": bucket,
            "ResultFiles": {
                "FAILED": [],
                "PENDING": [],
                "SUCCEEDED": [written] if lines else [],
            },
        }
        objects = {f"{folder}/manifest.json": json.dumps(manifest)}
        if lines:
            objects = {written_key: lines, **objects}
        for key, text in objects.items():
            self._machine.call_task(
                writer["Resource"],
                {"Bucket": bucket, "Key": key, "Body": text.encode()},
            )
        return {"ResultWriterDetails": {"Bucket": bucket, "Key": key}}

    def child(self, data: Json) -> Environment:
        states: list[str] = []
        self._execution.children.append((data, states))
        return _ExecutionEnvironment(self._machine, self._execution, states)


class StateMachine(Service):
    """The only state machine, its executions by name, and Step Functions' API.

    `ended` is called with each execution that ends, as EventBridge is.
    """

    name = "stepfunctions"

    def __init__(
        self,
        definition: Mapping[str, Any],
        *,
        scheduler: Scheduler,
        call_task: TaskCall,
        ended: Callable[[Execution], None],
        random_: random.Random,
    ) -> None:
        if unknown := definition.keys() - {
            "StartAt",
            "States",
            "TimeoutSeconds",
            "Comment",
        }:
            raise NotModelled(f"{sorted(unknown)} of the definition")
        self.random = random_
        self.call_task = call_task
        self.executions: dict[str, Execution] = {}
        self._definition = definition
        self._scheduler = scheduler
        self._ended = ended
        self._tokens: dict[str, Callable[[Json], None]] = {}
        self._early: dict[str, Json] = {}
        self._ids = itertools.count(1)

    def start(self, name: str, input_: str) -> Execution:
        """Start an execution."""
        arn = f"{STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{name}"
        execution = Execution(arn, name, input_, self._scheduler.clock.now())
        self.executions[name] = execution
        self.note(execution, "ExecutionStarted")
        self._begin(execution, json.loads(input_))
        return execution

    def redrive(self, execution: Execution) -> None:
        """Continue an execution that failed, was stopped or timed out."""
        if execution.status not in ("FAILED", "ABORTED", "TIMED_OUT"):
            raise ServiceError("ExecutionNotRedrivable")
        execution.status, execution.redrives = "RUNNING", execution.redrives + 1
        execution.error = execution.cause = ""
        self.note(execution, "ExecutionRedriven")
        name, data = execution.state
        if not name:  # it was stopped before its first state
            data = json.loads(execution.input)
        self._begin(execution, data, start_at=name)

    def stop(self, execution: Execution, *, error: str = "", cause: str = "") -> None:
        """Stop an execution, as a person or the API does."""
        self._end(execution, "ABORTED", error=error, cause=cause)

    @operation("stateMachineArn", "name", "input")
    def start_execution(self, call: Parameters) -> Mapping[str, Any]:
        """Start an execution; its name is never free again."""
        self._check_machine(call)
        known = self.executions.get(call["name"])
        if known is not None and (known.is_over or known.input != call["input"]):
            raise ServiceError("ExecutionAlreadyExists", "the name is taken")
        execution = known or self.start(call["name"], call["input"])
        return {
            "executionArn": execution.arn,
            "startDate": _date(execution.started_at),
        }

    @operation("executionArn", "includedData")
    def describe_execution(self, call: Parameters) -> Mapping[str, Any]:
        """Describe an execution."""
        execution = self._execution(call)
        optional = {
            "stopDate": execution.ended_at and _date(execution.ended_at),
            "output": execution.output,
            "error": execution.error,
            "cause": execution.cause,
        }
        return {
            "executionArn": execution.arn,
            "stateMachineArn": STATE_MACHINE_ARN,
            "name": execution.name,
            "status": execution.status,
            "startDate": _date(execution.started_at),
            "input": execution.input,
            "redriveCount": execution.redrives,
            **{name: value for name, value in optional.items() if value},
        }

    @operation("executionArn", "error", "cause")
    def stop_execution(self, call: Parameters) -> Mapping[str, Any]:
        """Stop an execution; one that has ended stays as it is."""
        execution = self._execution(call)
        self.stop(execution, error=call.get("error", ""), cause=call.get("cause", ""))
        return {"stopDate": _date(execution.ended_at)}

    @operation(
        "executionArn",
        "reverseOrder",
        "maxResults",
        "nextToken",
        "includeExecutionData",
    )
    def get_execution_history(self, call: Parameters) -> Mapping[str, Any]:
        """Return a page of an execution's events."""
        events = self._execution(call).events
        ordered = events[::-1] if call.get("reverseOrder") else events
        start = int(call.get("nextToken", 0))
        end = start + call.get("maxResults", _DEFAULT_PAGE)
        more = {"nextToken": str(end)} if end < len(ordered) else {}
        return {"events": ordered[start:end], **more}

    @operation("taskToken", "output")
    def send_task_success(self, call: Parameters) -> Mapping[str, Any]:
        """End a wait."""
        token = call["taskToken"]
        if token in self._tokens:
            self._tokens.pop(token)(json.loads(call["output"]))
        elif token in self._early and self._early[token] is None:
            self._early[token] = [json.loads(call["output"])]
        elif token.startswith("token-"):
            raise ServiceError("TaskTimedOut", "the task does not exist any more")
        else:
            raise ServiceError("InvalidToken", "that is no token")
        return {}

    @operation("stateMachineArn", "statusFilter", "maxResults", "nextToken")
    def list_executions(self, call: Parameters) -> Mapping[str, Any]:
        """List executions, newest first."""
        self._check_machine(call)
        wanted = call.get("statusFilter")
        listed = [
            {
                "executionArn": execution.arn,
                "stateMachineArn": STATE_MACHINE_ARN,
                "name": execution.name,
                "status": execution.status,
                "startDate": _date(execution.started_at),
            }
            for execution in reversed(self.executions.values())
            if wanted in (None, execution.status)
        ]
        start = int(call.get("nextToken", 0))
        end = start + call.get("maxResults", _DEFAULT_PAGE)
        more = {"nextToken": str(end)} if end < len(listed) else {}
        return {"executions": listed[start:end], **more}

    @operation("executionArn", "clientToken")
    def redrive_execution(self, call: Parameters) -> Mapping[str, Any]:
        """Continue an execution that failed."""
        self.redrive(self._execution(call))
        return {"redriveDate": _date(self._scheduler.clock.now())}

    def new_run_id(self) -> str:
        """Return the id of a Map Run."""
        return f"run-{next(self._ids):06}"

    def new_token(self, execution: Execution) -> str:
        """Return a token; until the state waits for it, its use is remembered."""
        token = f"token-{next(self._ids):06}"
        self._early[token] = None
        execution.tokens.add(token)
        return token

    def note(
        self, execution: Execution, type_: str, **details: Mapping[str, Any]
    ) -> None:
        """Add an event to an execution's history."""
        events = execution.events
        events.append(
            {
                "id": len(events) + 1,
                "previousEventId": len(events),
                "timestamp": _date(self._scheduler.clock.now()),
                "type": type_,
                **{f"{name}EventDetails": each for name, each in details.items()},
            }
        )

    def _begin(self, execution: Execution, data: Json, start_at: str = "") -> None:
        environment = _ExecutionEnvironment(self, execution)
        level = run_level(self._definition, data, environment, start_at=start_at)

        def ended(answer: Json | StateFailed) -> None:
            if isinstance(answer, StateFailed):
                self._end(execution, "FAILED", error=answer.error, cause=answer.cause)
            else:
                self._end(execution, "SUCCEEDED", output=json.dumps(answer))

        if "TimeoutSeconds" in self._definition:
            self._after(
                execution,
                self._definition["TimeoutSeconds"],
                lambda: self._end(execution, "TIMED_OUT"),
            )
        run = _Run(execution, level, ended)
        # The caller of StartExecution goes on before the first state begins.
        self._after(execution, 0.0, lambda: self._resume(run, None))

    def _resume(self, run: _Run, answer: Json | StateFailed) -> None:
        """Run a level until it waits again or ends."""
        if run.execution.is_over:
            run.level.close()
            return
        try:
            if isinstance(answer, StateFailed):
                wait = run.level.throw(answer)
            else:
                wait = run.level.send(answer)
        except StopIteration as ended:
            run.ended(ended.value)
            return
        except StateFailed as failed:
            run.ended(failed)
            return
        if isinstance(wait, Sleep):
            self._after(run.execution, wait.seconds, lambda: self._resume(run, None))
        elif isinstance(wait, Token):
            self._wait_for(run, wait)
        else:
            self._run_children(run, wait)

    def _wait_for(self, run: _Run, wait: Token) -> None:
        early = self._early.pop(wait.token, None)
        if early is not None:
            self._after(run.execution, 0.0, lambda: self._resume(run, early[0]))
            return

        def time_out() -> None:
            self._tokens.pop(wait.token, None)
            self._resume(run, StateFailed("States.Timeout"))

        timer = self._after(run.execution, wait.seconds, time_out)

        def use(output: Json) -> None:
            timer.cancelled = True
            self._after(run.execution, 0.0, lambda: self._resume(run, output))

        self._tokens[wait.token] = use

    def _run_children(self, run: _Run, wait: Children) -> None:
        answers: list[Json] = [None] * len(wait.levels)
        waiting = list(enumerate(wait.levels))
        left = len(waiting)

        def begin_next() -> None:
            if waiting:
                number, level = waiting.pop(0)
                child = _Run(
                    run.execution, level(), lambda answer: ended(number, answer)
                )
                self._after(run.execution, 0.0, lambda: self._resume(child, None))

        def ended(number: int, answer: Json) -> None:
            nonlocal left
            answers[number] = answer
            left -= 1
            begin_next()
            if not left:
                self._after(run.execution, 0.0, lambda: self._resume(run, answers))

        for _ in range(min(wait.max_concurrency, left)):
            begin_next()
        if not answers:
            self._after(run.execution, 0.0, lambda: self._resume(run, []))

    def _after(
        self, execution: Execution, seconds: float, act: Callable[[], None]
    ) -> Event:
        event = self._scheduler.after(seconds, act)
        execution.wakeups.append(event)
        return event

    def _end(
        self,
        execution: Execution,
        status: str,
        *,
        output: str = "",
        error: str = "",
        cause: str = "",
    ) -> None:
        if execution.is_over:
            return
        execution.status, execution.output = status, output
        execution.error, execution.cause = error, cause
        execution.ended_at = self._scheduler.clock.now()
        for event in execution.wakeups:
            event.cancelled = True
        execution.wakeups.clear()
        for token in execution.tokens:
            self._tokens.pop(token, None)
            self._early.pop(token, None)
        self.note(execution, f"Execution{status.title().replace('_', '')}")
        self._ended(execution)

    def _check_machine(self, call: Parameters) -> None:
        if call["stateMachineArn"] != STATE_MACHINE_ARN:
            raise ServiceError("StateMachineDoesNotExist")

    def _execution(self, call: Parameters) -> Execution:
        name = call["executionArn"].rpartition(":")[2]
        found = self.executions.get(name)
        if found is None or found.arn != call["executionArn"]:
            raise ServiceError("ExecutionDoesNotExist", "no such execution")
        return found


def _date(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
