"""The exit codes of the command, which scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a command; argparse itself exits with MISUSED."""

    DONE = 0
    NO_RESULTS = 1  # the job ended without results
    MISUSED = 2  # also for a file that cannot be read or written
    REFUSED = 3  # the API refused the call, or the provider its status
    UNREACHABLE = 4  # nothing answered, or something else in the API's place
    ROWS_UNPROVEN = 5  # there are results, but not all rows are accounted for
    FAULTY = 6  # doctor found a fault
    APPROVAL_NEEDED = 7  # the job waits until somebody approves it
    INTERRUPTED = 130  # by Ctrl-C, as shells say it
    OUTPUT_CLOSED = 141  # whoever read the output ended, as shells say it
