"""Keys: declare the names that infra and functions share; none is a secret key.

They are stored or deployed: whoever changes one has to read the old one as well.
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
ENV_CHECK_FUNCTION = "COURIER_CHECK_FUNCTION"
ENV_NOTICE_RECEIVERS = "COURIER_NOTICE_RECEIVERS"
ENV_MEMORY_TABLE = "COURIER_MEMORY_TABLE"
ENV_MEMORY_SECRET = "COURIER_MEMORY_SECRET"  # noqa: S105 - the name of a variable
ENV_SPREADSHEET_SAFE = "COURIER_SPREADSHEET_SAFE"
ENV_SHOW_FILE_NAMES = "COURIER_SHOW_FILE_NAMES"

#: The prefix of batches' work files in the inbox bucket. No provider has this name, so
#: the files start no jobs.
BATCHES_PREFIX = "batches/"
#: The prefix of what Step Functions writes there: how the requests of batches ended.
ANSWERS_PREFIX = f"{BATCHES_PREFIX}answers/"

# Names of what the metadata of an object say of its job: that it waits for approval,
# that nothing remembered is used, which column is the value, whether there is a header,
# whether what does not fit the type is sent.
OPTION_PREFIX = "courier-"
QUOTE_OPTION = f"{OPTION_PREFIX}quote"
FRESH_OPTION = f"{OPTION_PREFIX}fresh"
COLUMN_OPTION = f"{OPTION_PREFIX}column"
HEADER_OPTION = f"{OPTION_PREFIX}header"
UNFIT_OPTION = f"{OPTION_PREFIX}send-unfit"

#: The index of the jobs table that lists jobs by month, newest first.
JOBS_BY_MONTH = "by_month"

#: The index of the jobs that the sweep has to look at, by provider and time.
LATE_CHECKS = "late_checks"

#: The prefix of ids of the items of the jobs table that have the last finished jobs of
#: a provider and type. A job's id has no colon.
FINISHES_ITEM_PREFIX = "finishes:"
#: The same of the items that have the number of values of a provider's jobs of a day.
BUDGET_ITEM_PREFIX = "budget:"

# Prefixes of keys in the waits table; IAM conditions name them.
CALLBACK_ITEM_PREFIX = "wait:"
RATE_LIMIT_ITEM_PREFIX = "pace:"
CREDIT_ITEM_PREFIX = f"{RATE_LIMIT_ITEM_PREFIX}credits:"
IDEMPOTENCY_ITEM_PREFIX = "request:"
APPROVAL_ITEM_PREFIX = "approval:"
CHECK_ITEM_PREFIX = "check:"
