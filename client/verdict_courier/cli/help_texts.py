"""Word the help of `courier`: exit codes, examples, and what a pipe gets."""

EXIT_CODES = """\
Exit codes:
  0    done; also watch and page, ended by Ctrl-C
  1    the job ended without results
  2    wrong usage, found before anything was sent; or a file that cannot be used
  3    the API refused; or, to check, the provider did not say
  4    the API could not be reached
  5    there are results, but not all rows are accounted for
  6    doctor found a fault
  7    the job waits for approval
  130  ended by Ctrl-C; jobs go on
  141  whoever read the output ended

Options of all commands can stand before the command, too."""
JOB = "JOB is a job id, or its first 8 digits or more."
_PIPE = "Into a pipe it prints a line for each job, with tabs between these values:\n  "
LOGS_PIPE = f"{_PIPE}time, level, function, message, fields".replace(
    "job", "log line", 1
)
LIST_PIPE = f"{_PIPE}job, type, state, received, rows, checks, name, label"
WATCH_PIPE = f"{_PIPE}job, type, state, error, age, checks, next, timeline, name, label"
EXAMPLES = {
    "submit": "courier submit my.csv --type email --wait",
    "quote": "courier quote my.csv --type email",
    "approve": "courier approve 0123456789ab --wait",
    "list": "courier list --outcome failed --provider ipqs --limit 5",
    "status": "courier status 0123456789ab --wait",
    "results": "courier results 0123456789ab --download out",
    "logs": "courier logs 0123456789ab --utc",
    "open": "courier open 0123456789ab --stage prod",
    "check": "courier check 0123456789ab",
    "cancel": "courier cancel 0123456789ab",
    "retry": "courier retry 0123456789ab --wait",
    "erase": "courier erase 0123456789ab --yes",
    "forget": "courier forget --type email asha@example.com --file more.csv",
    "watch": "courier watch --every 5 --utc",
    "page": "courier page --stage prod",
    "doctor": "courier doctor --stage prod",
    "drill": "courier drill provider-down",
    "completion": 'eval "$(courier completion bash)"',
}
