"""The life cycle: which status word a file has at a moment."""

from local.simulators.ipqs.behaviour import Behaviour

NEW = "NEW"
PROCESSING = "PROCESSING"
UNIQUE_RESULTS = "UNIQUE_RESULTS"
FINALIZING = "FINALIZING"
FINISHED = "FINISHED"

COUNTED = frozenset({UNIQUE_RESULTS, FINALIZING, FINISHED})  # all records were seen


def status_at(age: float, lines: int, behaviour: Behaviour) -> str:
    """The word for a file uploaded `age` seconds ago."""
    growth = behaviour.seconds_per_1000_rows * lines / 1000
    for word, seconds in (
        (NEW, behaviour.seconds_new),
        (PROCESSING, behaviour.seconds_processing + growth),
        (UNIQUE_RESULTS, behaviour.seconds_unique_results),
        (FINALIZING, behaviour.seconds_finalizing),
    ):
        if age < seconds:
            return word
        age -= seconds
    return FINISHED
