"""Every provider: each way in which a call can fail raises one error of ours."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    AwsUnavailable,
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
from local.simulators.http_writer import Ending, Framing
from tests.contract.examples import few_examples
from tests.contract.harness import KEY, AdapterHarness, retry_hint
from tests.contract.sources import BytesSource, submit

#: All that the value of a header may hold: an answer with another one is refused.
_IN_HEADERS = st.characters(
    min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"
)


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
def test_passes_retry_after_on_as_a_hint(
    harness: AdapterHarness, header: str | None, hint: float | None
) -> None:
    """The workflow waits, not the function; an invalid header is no hint."""
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    assert retry_hint(caught.value) == hint
    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(22)
def test_passes_a_date_in_retry_after_on_as_seconds(harness: AdapterHarness) -> None:
    """HTTP allows a date as well as seconds."""
    then = datetime.fromtimestamp(harness.now() + 90, UTC)
    header = format_datetime(then, usegmt=True)
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    assert retry_hint(caught.value) == 90.0


@pytest.mark.fault(22)
@few_examples
@given(header=st.text(_IN_HEADERS))
def test_survives_any_retry_after(harness: AdapterHarness, header: str) -> None:
    """The provider writes the header, and parsers of dates have surprises."""
    harness.script(harness.check_call, Answer.http(429, retry_after=header))

    with harness.expect_error(ProviderThrottled) as caught:
        harness.provider.check(harness.unknown_ref)

    hint = retry_hint(caught.value)
    assert hint is None or hint >= 0


@pytest.mark.fault(22)
def test_raises_throttled_for_a_submission(harness: AdapterHarness) -> None:
    """Nothing was accepted then, so nothing needs to be searched for."""
    harness.script(harness.submit_call, Answer.html(429))

    with harness.expect_error(ProviderThrottled):
        harness.submit()

    assert harness.accepted_count() == 0


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
@pytest.mark.parametrize(
    "make_answer", [Answer.html, Answer.http], ids=["page", "bare"]
)
def test_raises_unavailable_for_5xx(
    harness: AdapterHarness, status: int, make_answer: Callable[[int], Answer]
) -> None:
    """It passes, whatever the body make_answer."""
    harness.script(harness.check_call, make_answer(status))

    with harness.expect_error(ProviderUnavailable):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [408, 425])
def test_raises_unavailable_for_4xx_about_this_moment(
    harness: AdapterHarness, status: int
) -> None:
    """A job must not end because of one."""
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
def test_raises_the_error_of_each_refusal(
    harness: AdapterHarness, status: int, error: type[CourierError]
) -> None:
    """The reader needs to know who has to act."""
    harness.script(harness.check_call, Answer.http(status))

    with harness.expect_error(error):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_no_redirect(harness: AdapterHarness, status: int) -> None:
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
    pytest.param(
        Answer.http(200, b"[" * 100_000 + b"]" * 100_000), id="nested too deeply"
    ),
    pytest.param(
        Answer.http(200, Content.endless(b'{"x": "' + b" " * 65536)).via(
            framing=Framing.CHUNKED
        ),
        id="an endless answer",
    ),
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
def test_raises_unreadable_for_what_is_no_answer(
    harness: AdapterHarness, answer: Answer
) -> None:
    """It make_answer nothing about the job, so the check is repeated later."""
    reference = harness.submit()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerUnreadable):
        harness.provider.check(reference)

    assert harness.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(24)
@pytest.mark.parametrize("answer", _UNREADABLE)
def test_raises_lost_for_an_unreadable_answer_to_a_submission(
    harness: AdapterHarness, answer: Answer
) -> None:
    """The file may have been accepted, and is paid for then."""
    harness.script(harness.submit_call, answer.after_effect())

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.accepted_count() == 1
    if harness.list_call is not None:
        assert harness.find() is not None


@pytest.mark.fault(24)
def test_reads_an_answer_in_gzip(harness: AdapterHarness) -> None:
    """A cache may compress what was asked for uncompressed."""
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
        pytest.param(
            Answer().via(framing=Framing.LENGTH, length_lie=1),
            id="shorter than announced",
        ),
        pytest.param(Answer.http(500).after_effect(), id="500"),
        pytest.param(Answer.html(502).after_effect(), id="502 with a page"),
        pytest.param(Answer.http(503, retry_after="9").after_effect(), id="503"),
        pytest.param(Answer.http(408).after_effect(), id="408"),
        pytest.param(Answer.redirect("/elsewhere").after_effect(), id="redirect"),
    ],
)
def test_finds_a_submission_whose_answer_was_lost(
    harness: AdapterHarness, answer: Answer
) -> None:
    """A second submission would be paid for again."""
    harness.script(harness.submit_call, answer)

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.request_count(harness.submit_call) == 1
    assert harness.accepted_count() == 1
    if harness.list_call is not None:
        found = harness.find()
        assert found is not None
        assert harness.provider.check(found).phase is Phase.QUEUED


@pytest.mark.fault(16)
@pytest.mark.parametrize("ending", [Ending.CLOSE, Ending.RESET])
def test_finds_no_submission_that_did_not_arrive(
    harness: AdapterHarness, ending: Ending
) -> None:
    """A dropped connection looks the same either way; only the list can tell."""
    harness.script(harness.submit_call, Answer.dropped_before(ending))

    with harness.expect_error(AnswerLost):
        harness.submit()

    if harness.list_call is not None:
        assert harness.find() is None


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.dropped_before(), id="reset"),
        pytest.param(Answer.cut_after(10), id="cut"),
        pytest.param(
            Answer().via(framing=Framing.LENGTH, length_lie=1),
            id="shorter than announced",
        ),
        pytest.param(Answer.cut_after(10, Ending.RESET), id="reset midway"),
    ],
)
def test_raises_lost_for_a_check_without_answer(
    harness: AdapterHarness, answer: Answer
) -> None:
    """Nothing is known then, which is an error and never a phase."""
    reference = harness.submit()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerLost):
        harness.provider.check(reference)

    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(16)
def test_times_out_a_submission(
    harness: AdapterHarness, shorten_deadlines: Callable[[], None]
) -> None:
    """A function that waits until its own end cannot report anything."""
    shorten_deadlines()
    harness.script(harness.submit_call, Answer.hang(takes_effect=True))

    with harness.expect_error(AnswerLost):
        harness.submit()

    assert harness.accepted_count() == 1


def test_does_not_ask_for_the_time_once_it_is_paid(
    harness: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking can fail, and what fails in a submission counts as not accepted."""

    def now() -> float:
        if harness.accepted_count():
            raise AwsUnavailable("asked after the submission")
        return harness.now()

    monkeypatch.setattr(harness.provider, "_now", now)

    assert harness.submit()
    assert harness.accepted_count() == 1


@pytest.mark.fault(53)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.hang(), id="silence"),
        pytest.param(Answer.cut_after(10, Ending.STALL), id="silence midway"),
        pytest.param(Answer.dripped(0.02), id="a dripping body"),
        pytest.param(Answer.dripped(0.02, head_too=True), id="a dripping head"),
        pytest.param(
            Answer.http(200, Content.endless(b'{"x": "' + b" " * 65536))
            .via(framing=Framing.CHUNKED)
            .via(framing=Framing.CHUNKED, drip_seconds=0.02),
            id="an endless drip",
        ),
    ],
)
def test_times_out_a_check(
    harness: AdapterHarness, answer: Answer, shorten_deadlines: Callable[[], None]
) -> None:
    """A socket's timeout never stops a server that sends a byte now and then."""
    reference = harness.submit()
    shorten_deadlines()
    harness.script(harness.check_call, answer)

    with harness.expect_error(AnswerLost):
        harness.provider.check(reference)


@pytest.mark.fault(58)
def test_raises_unavailable_where_nothing_was_sent(
    harness: AdapterHarness,
) -> None:
    """What was certainly not sent may simply be sent again."""
    with harness.expect_error(ProviderUnavailable):
        submit(
            harness.unreachable_provider,
            "our-name",
            harness.list_type,
            BytesSource(harness.file),
        )

    assert harness.accepted_count() == 0


@pytest.mark.fault(58)
def test_shows_no_key_where_nothing_listens(harness: AdapterHarness) -> None:
    """The library's error quotes the whole URL, and the key may be part of it."""
    with harness.expect_error(ProviderUnavailable):
        harness.unreachable_provider.check(harness.unknown_ref)


def test_stops_a_submission_whose_file_shrinks(harness: AdapterHarness) -> None:
    """The length is announced: a shorter file would hang or have to be padded."""
    with harness.expect_error(SourceMissing):
        shrunk = BytesSource(harness.file, size=100_000)
        submit(harness.provider, "our-name", harness.list_type, shrunk)

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
def test_survives_any_json(harness: AdapterHarness, answer: object) -> None:
    """Whatever the types are, the answer is read or raises an error of ours."""
    harness.script(harness.check_call, Answer.json(answer))

    with pytest.raises(CourierError):
        harness.provider.check(harness.unknown_ref)
