"""TxnCheck's answers: read strictly, and nothing of them leaves but what we need."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    AccountRefused,
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    CredentialsRejected,
    LinkSpent,
    OutOfCredits,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.core.model import Phase, StatusReport
from functions.providers.transport.http import HttpResponse
from functions.providers.txncheck.responses import (
    PHASES,
    accepted_request_id,
    is_timestamp_expired,
    parse_response,
    result_document,
    status_report,
)

REFERENCE = "0f0e0d0c-0b0a-4908-8706-050403020100"
CANARY = "canary@asha +919000000009"


def answer(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make an answer to a check, some of its fields otherwise."""
    return {
        "requestId": REFERENCE,
        "method": "full-check",
        "status": "PARTIAL",
        "result": {"upiByMobile": {"vpas": ["asha@bank"]}},
        "stepStatuses": {"upiByMobile": "ok", "kycByMobile": "failed"},
        "error": {"kycByMobile": {"class": "PROVIDER_TEMPORARY", "message": CANARY}},
        "webhookStatus": "PENDING",
        "createdAt": "2026-11-22T10:00:00Z",
        "completedAt": "2026-11-22T10:00:07Z",
        **fields,
    }


def reply(document: object, status: int = 200, **headers: str) -> HttpResponse:
    """Make a reply of JSON."""
    return HttpResponse(status, headers, json.dumps(document).encode())


def error(status: int, message: object = "no") -> HttpResponse:
    """Make an error as TxnCheck tells one."""
    return reply({"statusCode": status, "message": message, "error": "E"}, status)


@pytest.mark.parametrize("word", PHASES)
def test_translates_each_word(word: str) -> None:
    """These are the words that are documented; each has one meaning for us."""
    assert status_report(answer(status=word)).phase is PHASES[word]


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("word", "unknown"),
    [("ARCHIVED", "ARCHIVED"), ("completed", "COMPLETED"), (None, "NONE"), (7, "NONE")],
)
def test_goes_on_waiting_at_an_unknown_word(word: object, unknown: str) -> None:
    """A word that nobody knows is never an end; its name is for the log."""
    assert status_report(answer(status=word)) == StatusReport(
        phase=Phase.RUNNING, unknown_word=unknown
    )


@pytest.mark.fault(31)
@pytest.mark.parametrize(
    ("said", "final"),
    [
        pytest.param(
            {"class": "PROVIDER_BUSINESS_ERROR", "message": CANARY},
            "ProviderDeclined",
            id="for good",
        ),
        pytest.param({"class": "PROVIDER_TEMPORARY"}, "ProviderFailed", id="for now"),
        pytest.param({"class": "NEWER"}, "ProviderFailed", id="a newer class"),
        pytest.param({}, "ProviderFailed", id="no class"),
        pytest.param(None, "ProviderFailed", id="null"),
        pytest.param("PROVIDER_BUSINESS_ERROR", "ProviderFailed", id="a text"),
    ],
)
def test_believes_a_failure_and_tells_its_kind(said: object, final: str) -> None:
    """A failed request stays failed, as documented; whose fault it is differs."""
    look = status_report(answer(status="FAILED", error=said))

    assert (look.phase, look.final_error) == (Phase.FAILED, final)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        pytest.param("2026-11-22T10:00:07Z", 1795341607.0, id="UTC"),
        pytest.param("2026-11-22T15:30:07.500+05:30", 1795341607.5, id="another zone"),
        pytest.param("2026-11-22T10:00:07", 0.0, id="no zone"),
        pytest.param("yesterday", 0.0, id="a text"),
        pytest.param(1795341607, 0.0, id="a number"),
        pytest.param(None, 0.0, id="null"),
    ],
)
def test_reads_when_it_was_done_where_that_is_plain(
    written: object, moment: float
) -> None:
    """In which form the provider writes it is not documented: nothing is guessed."""
    assert status_report(answer(completedAt=written)).finished_at == moment
    assert (
        status_report(answer(status="PROCESSING", completedAt=written)).finished_at
        == 0.0
    )


@pytest.mark.fault(28)
@pytest.mark.parametrize("word", ["COMPLETED", "PARTIAL"])
@pytest.mark.parametrize("result", [None, {}])
def test_names_a_result_that_is_absent(word: str, result: object) -> None:
    """Finished without anything is heard again before it is believed."""
    look = status_report(answer(status=word, result=result))

    assert (look.kinds, look.absent) == ((), ("result",))


@pytest.mark.fault(24)
@pytest.mark.parametrize("result", [[], "x", 7, True, ["x"]])
def test_does_not_take_a_result_of_another_type_for_none(result: object) -> None:
    """A result that exists would be left out without a word."""
    with pytest.raises(AnswerUnreadable):
        status_report(answer(status="COMPLETED", result=result))


@pytest.mark.fault(34)
def test_writes_down_what_a_partial_request_brought() -> None:
    """What worked is paid for, and what did not is told by its class."""
    assert json.loads(result_document(answer())) == {
        "status": "PARTIAL",
        "method": "full-check",
        "createdAt": "2026-11-22T10:00:00Z",
        "completedAt": "2026-11-22T10:00:07Z",
        "result": {"upiByMobile": {"vpas": ["asha@bank"]}},
        "stepStatuses": {"upiByMobile": "ok", "kycByMobile": "failed"},
        "errors": {"kycByMobile": {"class": "PROVIDER_TEMPORARY"}},
    }


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({"name": "Asha", "upi": ["asha@bank"], "status": "1"}, id="old"),
        pytest.param(
            {"upiByMobile": {"name": "é", "vpas": ["asha@bank"], "status": "1"}},
            id="new",
        ),
    ],
)
def test_keeps_a_result_in_the_shape_it_came_in(result: dict[str, Any]) -> None:
    """Both shapes are documented, and whoever reads the result knows theirs."""
    document = result_document(answer(status="COMPLETED", result=result, error=None))

    assert json.loads(document)["result"] == result


def test_writes_the_same_document_at_every_look() -> None:
    """Another try of the download must not bring another file."""
    first = result_document(answer())

    assert result_document(answer(webhookStatus="SENT", new=1)) == first
    assert first.endswith(b"}\n")
    assert first.count(b"\n") == 1


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        pytest.param(None, {}, id="null"),
        pytest.param("PROVIDER_TEMPORARY", {}, id="a text"),
        pytest.param({"a": "x", "b": {"class": "X"}}, {"b": {"class": "X"}}, id="odd"),
        pytest.param({"a": {}}, {"a": {"class": "NONE"}}, id="no class"),
        pytest.param(
            {"class": "X", "message": "m"}, {"request": {"class": "X"}}, id="one"
        ),
    ],
)
def test_tells_errors_by_step_however_they_come(said: object, errors: object) -> None:
    """The result counts, whatever stands beside it."""
    assert json.loads(result_document(answer(error=said)))["errors"] == errors


def test_leaves_out_what_is_of_another_type() -> None:
    """Every field may be missing; readers need know one type of each."""
    document = json.loads(result_document(answer(createdAt=7, method=None)))

    assert not document.keys() & {"createdAt", "method"}


@pytest.mark.parametrize("said", [{"class": CANARY}, {"class": "X", "message": CANARY}])
def test_leaves_out_what_errors_say(said: dict[str, str]) -> None:
    """Their text may repeat what was asked, in a place where nobody looks for it."""
    assert CANARY.encode() not in result_document(answer(error=said))


@pytest.mark.parametrize("word", ["QUEUED", "PROCESSING", "FAILED", "ARCHIVED"])
def test_has_no_document_of_what_has_not_ended_well(word: str) -> None:
    """A result beside another word may be half of one."""
    with pytest.raises(LinkSpent):
        result_document(answer(status=word))


@pytest.mark.parametrize(
    "message",
    [
        "Request timestamp expired",
        ["x", "request TIMESTAMP EXPIRED!"],
    ],
)
def test_knows_a_signature_that_was_only_late(message: object) -> None:
    """That one is worth another signature; a wrong one is not."""
    assert is_timestamp_expired(error(401, message))
    assert not is_timestamp_expired(error(403, message))


@pytest.mark.parametrize("message", ["Invalid request signature", "", None, 7, [7], {}])
def test_takes_no_other_refusal_for_a_late_one(message: object) -> None:
    """Every other 401 is about the credentials."""
    assert not is_timestamp_expired(error(401, message))
    assert not is_timestamp_expired(HttpResponse(401, {}, b"timestamp expired"))


_PAGE = {"Content-Type": "text/html"}


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("got", "expected"),
    [
        pytest.param(error(400), ProviderRejected, id="400"),
        pytest.param(error(401), CredentialsRejected, id="401"),
        pytest.param(error(402), OutOfCredits, id="402"),
        pytest.param(error(403), AccountRefused, id="403"),
        pytest.param(error(404), ProviderRejected, id="404"),
        pytest.param(error(429), ProviderThrottled, id="429"),
        pytest.param(error(503), ProviderUnavailable, id="503 in its own words"),
        pytest.param(
            HttpResponse(429, _PAGE, b"<html>"), ProviderThrottled, id="429, a page"
        ),
        pytest.param(
            HttpResponse(403, _PAGE, b"<html>"), AnswerLost, id="403 with a page"
        ),
        pytest.param(
            HttpResponse(400, {}, b" <html>"), AnswerLost, id="400 with a page"
        ),
        pytest.param(
            HttpResponse(503, _PAGE, b"<html>"), AnswerLost, id="503 with a page"
        ),
        pytest.param(HttpResponse(503, {}, b""), AnswerLost, id="503 without a word"),
        pytest.param(error(500), AnswerLost, id="500"),
        pytest.param(error(502), AnswerLost, id="502"),
        pytest.param(error(504), AnswerLost, id="504"),
        pytest.param(error(408), AnswerLost, id="408"),
        pytest.param(error(409), AnswerLost, id="409, which is not documented"),
        pytest.param(HttpResponse(302, {}, b""), AnswerLost, id="302"),
        pytest.param(HttpResponse(204, {}, b""), AnswerLost, id="204"),
        pytest.param(reply({"requestId": ""}, 202), AnswerLost, id="an empty id"),
        pytest.param(reply({"requestId": "a/b"}, 202), AnswerLost, id="a path"),
        pytest.param(reply({"requestId": "a" * 129}, 202), AnswerLost, id="a long id"),
        pytest.param(reply({"requestId": 7}, 202), AnswerLost, id="a number"),
        pytest.param(reply([], 202), AnswerLost, id="a list"),
        pytest.param(HttpResponse(202, {}, b"{"), AnswerLost, id="cut"),
    ],
)
def test_believes_only_plain_refusals(
    got: HttpResponse, expected: type[CourierError]
) -> None:
    """There is no list to look in: what is not plainly refused may be paid."""
    with pytest.raises(CourierError) as caught:
        accepted_request_id(got, now=0.0)

    assert caught.type is expected


@pytest.mark.parametrize("status", [200, 202])
def test_takes_the_id_of_what_was_accepted(status: int) -> None:
    """The bulk call answers without a statusCode, the others with one."""
    assert (
        accepted_request_id(reply({"requestId": REFERENCE}, status), now=0.0)
        == REFERENCE
    )


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418])
def test_does_not_let_a_page_end_a_job(status: int) -> None:
    """A page comes from something on the way, which knows nothing of a request."""
    with pytest.raises(AnswerUnreadable):
        parse_response(HttpResponse(status, _PAGE, b"<html>404"), now=0.0)


def test_hands_a_wish_to_wait_on_from_a_fault_too() -> None:
    """A 503 for maintenance says how long it takes."""
    with pytest.raises(ProviderUnavailable) as caught:
        parse_response(HttpResponse(503, {"Retry-After": "30"}, b""), now=0.0)

    assert caught.value.hint == 30.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "result", "error", "class", "requestId"]), inner
        )
    ),
)


@given(document=json_values, status=st.integers(200, 599))
def test_survives_any_answer(document: object, status: int) -> None:
    """Whatever the types are, it is read or refused, in our errors only."""
    got = reply(document, status)
    with suppress(CourierError):
        accepted_request_id(got, now=0.0)
    try:
        read = parse_response(got, now=0.0)
        status_report(read)
        result_document(read)
    except CourierError:
        return
    assert isinstance(document, dict)
    assert document["status"] in PHASES


@given(status=st.integers(400, 599), said=st.text(min_size=1).map("canary{}".format))
def test_repeats_no_word_of_an_error(status: int, said: str) -> None:
    """The message may echo a mobile number, and errors are logged."""
    for read in (parse_response, accepted_request_id):
        with pytest.raises(CourierError) as caught:
            read(error(status, said), now=0.0)

        assert "canary" not in f"{caught.value!r} {vars(caught.value)}"
