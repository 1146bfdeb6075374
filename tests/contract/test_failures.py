"""Every provider: each way in which a call can fail becomes one error of ours."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    CredentialsRejected,
    OutOfCredits,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
    SourceMissing,
)
from functions.core.model import Phase
from local.simulators.content import Content
from local.simulators.faults import Answer
from local.simulators.wire import Ending, Framing
from tests.contract.examples import few_examples
from tests.contract.harness import KEY, AdapterHarness, retry_hint
from tests.contract.sources import BytesSource

Edit = Callable[[dict[str, object]], object]


@pytest.mark.fault(22)
@pytest.mark.parametrize(
    ("header", "hint"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("120", 120.0, id="seconds"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("99999999", 99_999_999.0, id="years, which the schedule caps"),
        pytest.param("9" * 400, 999_999_999_999.0, id="beyond any number"),
        pytest.param("-1", None, id="negative"),
        pytest.param("soon", None, id="a word"),
        pytest.param("", None, id="empty"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", 0.0, id="a date gone by"),
        pytest.param("Sun, 06 Nov 99999 08:49:37 GMT", None, id="no date"),
    ],
)
def test_hands_the_wish_to_wait_on(
    harness: AdapterHarness, header: str | None, hint: float | None
) -> None:
    """The workflow waits, not the function; nonsense in the header is no wish."""
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    assert retry_hint(caught.value) == hint
    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(22)
def test_reads_a_date_to_wait_for_by_its_own_clock(harness: AdapterHarness) -> None:
    """A date is as good as a number of seconds, and HTTP allows both."""
    then = datetime.fromtimestamp(harness.now() + 90, UTC)
    header = format_datetime(then, usegmt=True)
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    assert retry_hint(caught.value) == 90.0


@pytest.mark.fault(22)
@few_examples
@given(header=st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF)))
def test_survives_any_wish_to_wait(harness: AdapterHarness, header: str) -> None:
    """The header is the provider's text, and parsers of dates have surprises."""
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    hint = retry_hint(caught.value)
    assert hint is None or hint >= 0


@pytest.mark.fault(22)
def test_counts_a_throttled_submission_as_not_accepted(harness: AdapterHarness) -> None:
    """Throttled means later again, with no search for a job that cannot be there."""
    harness.script(harness.submit_call, Answer.html(429))

    with harness.expect_error(ProviderThrottled):
        harness.submit()

    assert harness.accepted_count() == 0


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("says", [Answer.html, Answer.http], ids=["page", "bare"])
def test_calls_a_fault_of_theirs_unavailable(
    harness: AdapterHarness, status: int, says: Callable[[int], Answer]
) -> None:
    """A fault of the provider's passes; what its page says does not matter."""
    harness.script(harness.check_call, says(status))

    with harness.expect_error(ProviderUnavailable):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [408, 425])
def test_calls_an_answer_that_asks_for_another_try_unavailable(
    harness: AdapterHarness, status: int
) -> None:
    """These 4xx are about this moment; a job must not end because of one."""
    harness.script(harness.check_call, Answer.http(status))

    with harness.expect_error(ProviderUnavailable):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(400, ProviderRejected, id="bad request"),
        pytest.param(
            401, CredentialsRejected, id="wrong key", marks=pytest.mark.fault(20)
        ),
        pytest.param(402, OutOfCredits, id="not paid", marks=pytest.mark.fault(21)),
        pytest.param(404, ProviderLostJob, id="gone", marks=pytest.mark.fault(32)),
        pytest.param(410, ProviderRejected, id="gone for good"),
        pytest.param(413, ProviderRejected, id="too large"),
        pytest.param(451, ProviderRejected, id="forbidden by law"),
    ],
)
def test_calls_a_refusal_by_its_reason(
    harness: AdapterHarness, status: int, error: type[CourierError]
) -> None:
    """The reader of the failure needs to know who has to do something about it."""
    harness.script(harness.check_call, Answer.http(status))

    with harness.expect_error(error):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_no_redirect_with_the_key_in_hand(
    harness: AdapterHarness, status: int
) -> None:
    """The key, and with 307 the whole list, would go wherever the answer says."""
    elsewhere = f"{harness.base_url}/elsewhere?{KEY}"
    harness.script(harness.check_call, Answer.redirect(elsewhere, status))

    with harness.expect_error(ProviderUnavailable):
        harness.provider.check(harness.unknown_ref)

    assert len(harness.simulator.requests) == 1


_UNREADABLE = [
    pytest.param(Answer.html(), id="a page"),
    pytest.param(Answer.http(200, b""), id="nothing"),
    pytest.param(Answer.http(200, b'{"success": true,'), id="cut JSON"),
    pytest.param(Answer.http(200, b"\xff\xfe{\x00"), id="not UTF-8"),
    pytest.param(Answer.json([]), id="a list"),
    pytest.param(Answer.json(None), id="null"),
    pytest.param(Answer.json({}), id="an empty object"),
    pytest.param(Answer.json({"success": "true", "id": 1}), id="success as a word"),
    pytest.param(Answer.json({"success": True, "id": float("nan")}), id="NaN"),
    pytest.param(
        Answer.http(200, b'{"success": true, "success": true, "id": 1}'), id="twice"
    ),
    pytest.param(
        Answer.http(200, b'{"success": true, "id": %s}' % (b"9" * 5000)),
        id="a number of 5,000 digits",
    ),
    pytest.param(Answer.nested(), id="drowning depth"),
    pytest.param(Answer.endless(), id="an endless answer"),
    pytest.param(Answer.file(Content.rows(2_000_000)), id="two megabytes"),
    pytest.param(Answer.gzipped(cut=8), id="gzip without its trailer"),
    pytest.param(Answer.gzipped(bad_crc=True), id="gzip with a wrong checksum"),
    pytest.param(Answer.gzipped(times=2), id="gzip in gzip"),
    pytest.param(Answer.bomb(50_000_000), id="a gzip bomb"),
    pytest.param(
        Answer(more_headers=(("Content-Encoding", "br"),)), id="called brotli"
    ),
]


@pytest.mark.fault(24)
@pytest.mark.parametrize("answer", _UNREADABLE)
def test_calls_what_is_no_answer_unreadable(
    harness: AdapterHarness, answer: Answer
) -> None:
    """A check that cannot be read says nothing about the job: it is asked again."""
    reference = harness.submit()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerUnreadable):
        harness.provider.check(reference)

    assert harness.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(24)
@pytest.mark.parametrize("answer", _UNREADABLE)
def test_searches_after_an_unreadable_answer_to_a_submission(
    harness: AdapterHarness, answer: Answer
) -> None:
    """What cannot be read may say that the file was taken, and is paid."""
    harness.script(harness.submit_call, answer.after_effect())

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.accepted_count() == 1
    if harness.list_call is not None:
        assert harness.provider.find("our-name", harness.list_type) is not None


@pytest.mark.fault(24)
def test_reads_an_answer_that_came_packed_unasked(harness: AdapterHarness) -> None:
    """A cache on the way may pack what nobody asked to be packed."""
    reference = harness.submit()
    harness.script(harness.check_call, Answer.gzipped())

    assert harness.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.dropped_after(Ending.CLOSE), id="closed"),
        pytest.param(Answer.dropped_after(Ending.RESET), id="reset"),
        pytest.param(Answer.dropped_after(Ending.HALF_CLOSE), id="half closed"),
        pytest.param(Answer.cut_after(10), id="cut in the answer"),
        pytest.param(Answer.cut_after(10, Ending.RESET), id="reset in the answer"),
        pytest.param(Answer.longer_than_it_is(), id="shorter than announced"),
        pytest.param(Answer.http(500).after_effect(), id="500"),
        pytest.param(Answer.html(502).after_effect(), id="502 with a page"),
        pytest.param(Answer.http(503, retry_after="9").after_effect(), id="503"),
        pytest.param(Answer.http(408).after_effect(), id="408"),
        pytest.param(Answer.redirect("/elsewhere").after_effect(), id="redirect"),
    ],
)
def test_finds_what_was_accepted_though_the_answer_was_lost(
    harness: AdapterHarness, answer: Answer
) -> None:
    """A second submission would be paid a second time."""
    harness.script(harness.submit_call, answer)

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.request_count(harness.submit_call) == 1
    assert harness.accepted_count() == 1
    if harness.list_call is not None:
        found = harness.provider.find("our-name", harness.list_type)
        assert found is not None
        assert harness.provider.check(found).phase is Phase.QUEUED


@pytest.mark.fault(16)
@pytest.mark.parametrize("ending", [Ending.CLOSE, Ending.RESET])
def test_finds_nothing_where_nothing_was_accepted(
    harness: AdapterHarness, ending: Ending
) -> None:
    """A dropped connection looks the same either way; only the list can tell."""
    harness.script(harness.submit_call, Answer.dropped_before(ending))

    with harness.expect_error(AnswerLost):
        harness.submit()

    if harness.list_call is not None:
        assert harness.provider.find("our-name", harness.list_type) is None


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.dropped_before(), id="reset"),
        pytest.param(Answer.cut_after(10), id="cut"),
        pytest.param(Answer.longer_than_it_is(), id="shorter than announced"),
        pytest.param(Answer.cut_after(10, Ending.RESET), id="reset midway"),
    ],
)
def test_asks_again_another_time_where_a_check_got_no_answer(
    harness: AdapterHarness, answer: Answer
) -> None:
    """Nothing is known then, which is an error and never a phase."""
    reference = harness.submit()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerLost):
        harness.provider.check(reference)

    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(16)
@pytest.mark.usefixtures("impatient")
def test_gives_up_a_submission_that_nobody_answers(harness: AdapterHarness) -> None:
    """A function that waits to its own end could not even say what happened."""
    harness.script(harness.submit_call, Answer.hang(takes_effect=True))

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.accepted_count() == 1


@pytest.mark.fault(53)
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.hang(), id="silence"),
        pytest.param(Answer.stalled_after(10), id="silence midway"),
        pytest.param(Answer.dripped(0.02), id="a dripping body"),
        pytest.param(Answer.dripped(0.02, head_too=True), id="a dripping head"),
        pytest.param(
            Answer.endless().via(framing=Framing.CHUNKED, drip_seconds=0.02),
            id="an endless drip",
        ),
    ],
)
def test_gives_up_a_check_that_takes_too_long(
    harness: AdapterHarness, answer: Answer
) -> None:
    """Time-outs of a socket never meet a server that sends a byte now and then."""
    reference = harness.submit()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerLost):
        harness.provider.check(reference)


@pytest.mark.fault(58)
def test_knows_that_nothing_was_sent_where_nobody_listens(
    harness: AdapterHarness,
) -> None:
    """Surely unsent is worth knowing: the same submission may simply be repeated."""
    with harness.expect_error(ProviderUnavailable):
        harness.unreachable_provider.submit(
            "our-name", harness.list_type, BytesSource(harness.file)
        )

    assert harness.accepted_count() == 0


@pytest.mark.fault(58)
def test_shows_no_key_where_nobody_listens(harness: AdapterHarness) -> None:
    """The library's error quotes the whole address, and the key may be part of it."""
    with harness.expect_error(ProviderUnavailable):
        harness.unreachable_provider.check(harness.unknown_ref)


def test_stops_a_submission_whose_file_shrinks(harness: AdapterHarness) -> None:
    """The announced length is a promise: a shorter file would hang or be padded."""
    with harness.expect_error(SourceMissing):
        shrunk = BytesSource(harness.file, size=100_000)
        harness.provider.submit("our-name", harness.list_type, shrunk)

    assert harness.accepted_count() == 0


@pytest.mark.fault(24)
@few_examples
@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("success", "id", "status", "downloads", "aborted", "all"),
                        *("csvs", "requestId", "result", "error", "class", "message"),
                    ]
                ),
                inner,
                max_size=7,
            )
        ),
    )
)
def test_survives_any_document(harness: AdapterHarness, answer: object) -> None:
    """Whatever the types are, it is read or refused, in our errors only."""
    harness.script(harness.check_call, Answer.json(answer))

    with pytest.raises(CourierError):
        harness.provider.check(harness.unknown_ref)
