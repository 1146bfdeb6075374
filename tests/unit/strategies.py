"""Strategies: generate jobs, results and status reports within their types."""

from hypothesis import strategies as st

from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.model import (
    Batch,
    BatchPosition,
    File,
    Job,
    Next,
    Outcome,
    Phase,
    StatusReport,
)
from functions.core.rows import NOT_JOINED, JoinedRows, RowsVerdict

KINDS = ("all", "bad", "clean", "pristine")

empty_text = st.just("")
outcomes = st.sampled_from(Outcome)
timestamps = st.floats(0, 4e9, allow_nan=False)
counts = st.integers(0, 2**53)
hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)
error_names = st.sampled_from([leaf.__name__ for leaf in (*RETRYABLE, *PERMANENT)])
kinds = st.lists(st.sampled_from(KINDS), unique=True).map(tuple)
random_numbers = st.floats(0, 1, exclude_max=True)


def files(error: st.SearchStrategy[str] = empty_text) -> st.SearchStrategy[File]:
    """Generate results; by default they were fetched."""
    return st.builds(
        File,
        kind=st.sampled_from(KINDS),
        key=st.text(max_size=50),
        version_id=st.text(max_size=50),
        bytes=counts,
        rows=counts,
        sha256=hexes,
        attempts=st.integers(1, 100),
        link_age_seconds=st.floats(0, 900),
        error=error,
    )


def joined_rows() -> st.SearchStrategy[JoinedRows]:
    """Generate numbers of joined rows, which mostly do not add up."""
    return st.one_of(
        st.just(NOT_JOINED),
        st.builds(JoinedRows, error=error_names),
        st.builds(
            JoinedRows,
            records=counts,
            blank=counts,
            duplicates=counts,
            not_sent=st.dictionaries(st.text(max_size=20), counts, max_size=3),
            remembered=counts,
            sent=counts,
            returned=counts,
            missing=counts,
            unexpected=counts,
            unexpected_rows=st.lists(counts, max_size=3).map(tuple),
            is_whole=st.booleans(),
        ),
    )


def jobs(
    error: st.SearchStrategy[str] = empty_text,
    outcomes: st.SearchStrategy[Outcome] = outcomes,
) -> st.SearchStrategy[Job]:
    """Generate jobs with at most one result of each kind."""
    return st.builds(
        Job,
        job_id=hexes,
        provider=words,
        type=words,
        bucket=st.text(max_size=63),
        key=st.text(max_size=200),
        version_id=st.text(max_size=50),
        provider_ref=st.text(min_size=1, max_size=36),
        received_at=timestamps,
        submitted_at=timestamps,
        phase=st.sampled_from(Phase),
        polls=counts,
        failures=counts,
        suspected_error=st.just("") | error_names,
        suspicions=counts,
        next=st.sampled_from(Next),
        wait_seconds=st.integers(1, 3960),
        finished_at=timestamps,
        absent=kinds,
        rows=counts,
        distinct_rows=counts,
        invalid=counts,
        files=st.lists(files(error), unique_by=lambda file: file.kind).map(tuple),
        joined=joined_rows(),
        manifest_key=st.text(max_size=200),
        verdict=st.sampled_from(RowsVerdict),
        outcome=outcomes,
        error=st.just("") | error_names,
        advice=st.text(max_size=100),
        slot_at=timestamps,
        heard_at=timestamps,
        part=st.builds(
            BatchPosition, batch_id=empty_text | hexes, number=counts, offset=counts
        ),
        batch=st.builds(
            Batch,
            requests=counts,
            key=st.text(max_size=200),
            outcomes=st.dictionaries(words, counts, max_size=5),
        ),
    ).map(_consistent)


def _consistent(job: Job) -> Job:
    """Return a job with the kinds of its files; without files, no join has failed."""
    if not job.files and job.joined.error:
        job = job.with_(joined=NOT_JOINED)
    return job.with_(kinds=tuple(file.kind for file in job.files))


def status_reports() -> st.SearchStrategy[StatusReport]:
    """Generate answers of a provider to a check, plausible or not."""
    return st.builds(
        StatusReport,
        phase=st.sampled_from(Phase),
        kinds=kinds,
        absent=kinds,
        invalid=counts,
        unknown_word=st.just("") | words,
    )
