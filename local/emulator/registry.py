"""Every correction of MiniStack 1.5.33, in the order in which they are installed.

A correction restores one behaviour of AWS and says in its docstring which. Each
is held by a test marked with its name, which fails when the correction is left
out (`pytest tests/emulator --leave-out NAME`); so that it can go when a newer
MiniStack does it right.
"""

from collections.abc import Callable, Sequence

from local.emulator.corrections import (
    alarm_definitions,
    alarm_messages,
    alarms,
    callbacks,
    definitions,
    distributed,
    embedded_metrics,
    function_metrics,
    history,
    lambdas,
    lifecycle,
    notifications,
    paths,
    publish,
    queries,
    queue_metrics,
    retries,
    stacks,
    starts,
    tasks,
    uploads,
    vended,
    versions,
)

# A later correction wraps an earlier one of the same function.
CORRECTIONS: tuple[Callable[[], None], ...] = (
    lambdas.runtime_client,
    lambdas.throttled_task,
    function_metrics.function_metrics,
    lifecycle.stop_is_final,
    lifecycle.machine_timeout,
    lifecycle.failed_without_output,
    starts.start_is_idempotent,
    starts.start_is_checked,
    definitions.checked_definitions,
    paths.missing_path,
    paths.is_present,
    paths.whole_seconds,
    paths.intrinsic_failure,
    retries.retry_delays,
    retries.terminal_errors,
    tasks.timeout_paths,
    callbacks.callbacks,
    tasks.payload_limit,
    distributed.child_executions,
    history.task_events,
    history.map_events,
    distributed.map_limit_paths,
    vended.execution_logs,
    vended.execution_metrics,
    publish.message_attributes,
    uploads.full_object_checksums,
    versions.ranged_versions,
    notifications.object_events,
    embedded_metrics.embedded_metrics,
    alarm_messages.alarm_messages,
    alarm_definitions.metric_math,
    alarm_definitions.composite_alarms,
    queue_metrics.queue_metrics,
    alarms.alarms_in_time,
    alarms.period_scale,
    queries.saved_queries,
    stacks.reserved_concurrency,
    stacks.secret_reference,
    stacks.request_validators,
)


def names() -> list[str]:
    """The names of all corrections."""
    return [correction.__name__ for correction in CORRECTIONS]


def install(without: Sequence[str] = ()) -> None:
    """Correct the MiniStack of this process, but for the corrections named."""
    unknown = sorted(set(without) - set(names()))
    if unknown:
        raise ValueError(f"no such correction: {', '.join(unknown)}")
    for correction in CORRECTIONS:
        if correction.__name__ not in without:
            correction()
