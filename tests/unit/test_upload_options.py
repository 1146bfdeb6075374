"""Upload options: what is asked for in a request is what the metadata of S3 say."""

from hypothesis import example, given
from hypothesis import strategies as st

from functions.core.job_record import JobRecord
from functions.core.upload_options import ListOptions, metadata_for

_PRINTED = st.characters(exclude_categories=("Cc", "Cs"))
_columns = st.text(_PRINTED, min_size=1, max_size=200)


@given(column=_columns, header=st.sampled_from([None, True, False]))
@example(column="=?utf-8?q?x?=", header=None)
@example(column="é" * 200, header=False)
@example(column="\U0001d53c" * 200, header=False)
@example(column=" a  b ", header=True)
def test_metadata_say_what_was_asked_for(column: str, header: bool | None) -> None:
    """S3 takes 2 KiB of ASCII, and everybody names columns in their own language."""
    unfit = None if header is None else not header
    asked = {"column": column, "header": header, "send_unfit": unfit}
    metadata = metadata_for(asked)

    said = ListOptions.from_metadata(metadata)

    assert (said.column.strip(), said.header) == (column.strip(), header)
    assert said.send_unfit is unfit
    text = "".join([*metadata, *metadata.values()])
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 1800


@given(
    column=st.just("") | _columns,
    header=st.sampled_from([None, True, False]),
    unfit=st.sampled_from([None, True, False]),
)
def test_a_record_keeps_what_was_asked_for(
    column: str, header: bool | None, unfit: bool | None
) -> None:
    """No header is something else than nothing said about it."""
    options = ListOptions(column=column, header=header, send_unfit=unfit)

    record = JobRecord.from_item({"job_id": "a", **options.to_item()})

    assert ListOptions.from_record(record) == options
    assert bool(options) is bool(options.to_item())


def test_a_request_counts_more_than_the_metadata() -> None:
    """Also where it says no, which is not the same as nothing said."""
    request = ListOptions(send_unfit=False)
    metadata = ListOptions(column="2", header=True, send_unfit=True)

    assert request.or_else(metadata) == ListOptions(
        column="2", header=True, send_unfit=False
    )
