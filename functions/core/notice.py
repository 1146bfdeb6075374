"""Notice: list the fields of the message that announces the end of a job.

`infra.notify_task` publishes the message from the Notify state, and
`functions.aws.notifier` where an execution ended without visiting that state.
"""

#: Fields of a `Job` in the message; the results bucket is added to them. `late` is
#: true or false, `attempt` a number, the others are texts.
MESSAGE_FIELDS = (
    "job_id",
    "provider",
    "type",
    "outcome",
    "error",
    "advice",
    "verdict",
    "manifest_key",
    "error_key",
    "late",
    "attempt",
)
#: Message attributes, by which subscribers can filter; SNS refuses empty ones.
MESSAGE_ATTRIBUTES = ("job_id", "provider", "type", "outcome", "verdict")
#: The attribute of a job whose attempt the sweep has started: "true" or "false".
LATE_ATTRIBUTE = "late"
