"""Keys: every name that two sides share, such as infra and a function.

They are stored or deployed: changing one means reading the old one, too.
"""

# Environment variables of the functions; `infra.function_environment` sets them.
ENV_STAGE = "COURIER_STAGE"
ENV_JOBS_TABLE = "COURIER_TABLE"
ENV_JOBS_RETENTION_DAYS = "COURIER_KEEP_DAYS"
ENV_WAITS_TABLE = "COURIER_WAITS"
ENV_INBOX_BUCKET = "COURIER_INBOX_BUCKET"
ENV_RESULTS_BUCKET = "COURIER_RESULTS_BUCKET"
ENV_STATE_MACHINE = "COURIER_STATE_MACHINE"
ENV_NOTICES_TOPIC = "COURIER_TOPIC"
ENV_PROVIDERS = "COURIER_PROVIDERS"

#: Where a batch's work files lie in the inbox. No provider has this name, so that
#: they start no job.
BATCHES_PREFIX = "batches/"

#: The index of the jobs table that lists jobs by month, newest first.
JOBS_BY_MONTH = "by_month"

# How the keys of items in the waits table begin. IAM conditions name them.
CALLBACK_ITEM_PREFIX = "wait:"
RATE_LIMIT_ITEM_PREFIX = "pace:"
