"""Notice: what is told of a job's end; keys only, no content.

`infra.workflow` has the state machine tell it, `functions.aws.notifier` tells it
where that cannot.
"""

#: The members of the message, besides the results bucket; fields of a `Job`.
MESSAGE_FIELDS = ("job_id", "provider", "type", "outcome", "error", "manifest_key")
#: Those by which subscribers can filter, as attributes of the message.
MESSAGE_ATTRIBUTES = ("job_id", "provider", "type", "outcome")
