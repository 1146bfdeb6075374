"""All corrections of MiniStack 1.5.33, in the order in which they are installed.

A correction restores one behaviour of AWS. Its docstring states the behaviour,
the source, and what MiniStack does instead. Each correction has a test that is
marked with its name and fails without it (`pytest tests/emulator --leave-out
NAME`), so that it can be removed when a newer MiniStack no longer needs it:
`make corrections` lists them all, and says which.
"""

from collections.abc import Callable, Sequence

from local.emulator.corrections import (
    callbacks,
    cloudformation,
    definitions,
    deliveries,
    distributed_map,
    event_sources,
    history,
    key_use,
    lambda_functions,
    lifecycle,
    machine_role,
    monitoring,
    multipart_uploads,
    object_versions,
    paths,
    presigned_urls,
    redrive,
    requests,
    retries,
    s3_events,
    sns_publish,
    start_execution,
    tasks,
)

# Where two corrections replace the same function, the later wraps the earlier.
CORRECTIONS: tuple[Callable[[], None], ...] = (
    lambda_functions.runtime_client,
    lambda_functions.throttled_task,
    event_sources.visibility_timeout,
    lifecycle.failed_without_output,
    lifecycle.stop_is_final,
    lifecycle.machine_timeout,
    lifecycle.event_limit,
    start_execution.start_is_idempotent,
    start_execution.start_is_checked,
    definitions.checked_definitions,
    paths.missing_path,
    paths.is_present,
    paths.whole_seconds,
    paths.intrinsic_errors,
    paths.format_literals,
    paths.unmatched_choice,
    retries.retry_delays,
    retries.terminal_errors,
    tasks.timeout_paths,
    callbacks.callbacks,
    tasks.payload_limit,
    distributed_map.child_executions,
    history.task_events,
    history.map_events,
    paths.array_of_items,
    distributed_map.map_limit_paths,
    sns_publish.empty_values,
    sns_publish.message_attributes,
    multipart_uploads.full_object_checksums,
    object_versions.ranged_versions,
    s3_events.object_events,
    presigned_urls.signature_version,
    monitoring.monitoring_resources,
    cloudformation.reserved_concurrency,
    cloudformation.secret_reference,
    cloudformation.request_validators,
    machine_role.machine_role,
    event_sources.polling_role,
    deliveries.service_principals,
    requests.leading_keys,
    requests.task_token_resource,
    requests.versioned_deletes,
    requests.client_path,
    redrive.message_move_task,
    key_use.key_use,
)


def names() -> list[str]:
    """Return the names of all corrections."""
    return [correction.__name__ for correction in CORRECTIONS]


def install(without: Sequence[str] = ()) -> None:
    """Install all corrections in this process, except those named in `without`."""
    unknown = sorted(set(without) - set(names()))
    if unknown:
        raise ValueError(f"no such correction: {', '.join(unknown)}")
    for correction in CORRECTIONS:
        if correction.__name__ not in without:
            correction()
