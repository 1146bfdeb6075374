"""Answers of TxnCheck: read strictly, and only what is needed leaves them."""

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
    """Return an answer to a check with some fields changed."""
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


def response(document: object, status: int = 200, **headers: str) -> HttpResponse:
    """Return a response with a JSON body."""
    return HttpResponse(status, headers, json.dumps(document).encode())


def error_response(status: int, message: object = "no") -> HttpResponse:
    """Return a response with an error as TxnCheck writes it."""
    return response({"statusCode": status, "message": message, "error": "E"}, status)


@pytest.mark.parametrize("word", PHASES)
def test_translates_each_status(word: str) -> None:
    """These are the documented words; each is one phase."""
    assert status_report(answer(status=word)).phase is PHASES[word]


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("word", "unknown"),
    [("ARCHIVED", "ARCHIVED"), ("completed", "COMPLETED"), (None, "NONE"), (7, "NONE")],
)
def test_treats_an_unknown_status_as_running(word: object, unknown: str) -> None:
    """An unknown word is never an end; its letters are for the log."""
    assert status_report(answer(status=word)) == StatusReport(
        phase=Phase.RUNNING, unknown_word=unknown, webhook_status="PENDING"
    )


@pytest.mark.fault(31)
@pytest.mark.parametrize(
    ("error", "final"),
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
def test_reports_a_failure_with_its_final_error(error: object, final: str) -> None:
    """A failed request stays failed, as documented; the reasons differ."""
    report = status_report(answer(status="FAILED", error=error))

    assert (report.phase, report.final_error) == (Phase.FAILED, final)


@pytest.mark.parametrize(
    ("completed_at", "expected"),
    [
        pytest.param("2026-11-22T10:00:07Z", 1795341607.0, id="UTC"),
        pytest.param("2026-11-22T15:30:07.500+05:30", 1795341607.5, id="another zone"),
        pytest.param("2026-11-22T10:00:07", 0.0, id="no zone"),
        pytest.param("yesterday", 0.0, id="a text"),
        pytest.param(1795341607, 0.0, id="a number"),
        pytest.param(None, 0.0, id="null"),
    ],
)
def test_reads_the_time_of_completion(completed_at: object, expected: float) -> None:
    """Its format is not documented, so nothing is guessed."""
    assert (
        status_report(answer(completedAt=completed_at)).provider_finished_at == expected
    )
    assert (
        status_report(
            answer(status="PROCESSING", completedAt=completed_at)
        ).provider_finished_at
        == 0.0
    )


@pytest.mark.fault(28)
@pytest.mark.parametrize("word", ["COMPLETED", "PARTIAL"])
@pytest.mark.parametrize("result", [None, {}])
def test_reports_an_absent_result(word: str, result: object) -> None:
    """Finished without a result is confirmed by another check."""
    report = status_report(answer(status=word, result=result))

    assert (report.kinds, report.absent) == ((), ("result",))


@pytest.mark.fault(24)
@pytest.mark.parametrize("result", [[], "x", 7, True, ["x"]])
def test_refuses_a_result_of_another_type(result: object) -> None:
    """Taken for absent, a result that exists would be left out silently."""
    with pytest.raises(AnswerUnreadable):
        status_report(answer(status="COMPLETED", result=result))


@pytest.mark.fault(34)
def test_writes_the_document_of_a_partial_request() -> None:
    """What worked is paid for; what did not is reported by its class."""
    assert json.loads(result_document(answer())) == {
        "status": "PARTIAL",
        "method": "full-check",
        "createdAt": "2026-11-22T10:00:00Z",
        "completedAt": "2026-11-22T10:00:07Z",
        "result": {"upiByMobile": {"vpas": ["asha@bank"]}},
        "stepStatuses": {"upiByMobile": "ok", "kycByMobile": "failed"},
        "errors": {"kycByMobile": {"class": "PROVIDER_TEMPORARY", "message": CANARY}},
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
def test_keeps_the_shape_of_a_result(result: dict[str, Any]) -> None:
    """Both shapes are documented, and readers of the result know theirs."""
    document = result_document(answer(status="COMPLETED", result=result, error=None))

    assert json.loads(document)["result"] == result


def test_writes_the_same_document_for_every_answer() -> None:
    """A repeated download must not produce another file."""
    first = result_document(answer())

    assert result_document(answer(webhookStatus="SENT", new=1)) == first
    assert first.endswith(b"}\n")
    assert first.count(b"\n") == 1


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        pytest.param(None, {}, id="null"),
        pytest.param("PROVIDER_TEMPORARY", {}, id="a text"),
        pytest.param({"a": "x", "b": {"class": "X"}}, {"b": {"class": "X"}}, id="odd"),
        pytest.param({"a": {}}, {"a": {"class": "NONE"}}, id="no class"),
        pytest.param(
            {"class": "X", "message": "m"},
            {"request": {"class": "X", "message": "m"}},
            id="one",
        ),
        pytest.param(
            {"message": "m"}, {"request": {"class": "NONE", "message": "m"}}, id="plain"
        ),
        pytest.param(
            {"class": "X", "message": ["m"]}, {"request": {"class": "X"}}, id="a list"
        ),
        pytest.param(
            {"class": "X", "message": "m" * 9_999},
            {"request": {"class": "X", "message": "m" * 2_000}},
            id="long",
        ),
    ],
)
def test_keeps_the_words_about_each_step(error: object, errors: object) -> None:
    """The result counts, whatever shape the errors have."""
    document = json.loads(result_document(answer(error=error)))
    report = status_report(answer(status="FAILED", error=error))

    assert document["errors"] == report.errors == errors


def test_the_words_about_a_failure_are_in_no_text_about_the_report() -> None:
    """They may repeat the request; what is printed may end in a log."""
    report = status_report(answer(status="FAILED", error={"message": CANARY}))

    assert CANARY not in repr(report)
    assert report.errors["request"]["message"] == CANARY


def test_leaves_out_fields_of_another_type() -> None:
    """Readers need to know only one type of each."""
    document = json.loads(result_document(answer(createdAt=7, method=None)))

    assert not document.keys() & {"createdAt", "method"}


def test_reduces_an_error_class_to_a_word() -> None:
    """It may repeat the request where nobody expects personal data."""
    document = result_document(answer(error={"class": CANARY}))

    assert CANARY.encode() not in document


@pytest.mark.parametrize(
    ("said", "word"),
    [("SENT", "SENT"), ("failed", "FAILED"), (CANARY, ""), (None, ""), (7, "")],
)
def test_reports_how_the_webhook_does(said: object, word: str) -> None:
    """A provider that cannot deliver its webhooks is noticed by nobody else."""
    report = status_report(answer(webhookStatus=said))

    assert report.webhook_status == (word or report.webhook_status)
    assert CANARY not in report.webhook_status
    assert bool(report.webhook_status) is isinstance(said, str)


@pytest.mark.parametrize("word", ["QUEUED", "PROCESSING", "FAILED", "ARCHIVED"])
def test_writes_no_document_without_a_result(word: str) -> None:
    """A result next to another status may be half of one."""
    with pytest.raises(LinkSpent):
        result_document(answer(status=word))


@pytest.mark.parametrize(
    "message",
    [
        "Request timestamp expired",
        ["x", "request TIMESTAMP EXPIRED!"],
    ],
)
def test_recognizes_an_expired_timestamp(message: object) -> None:
    """A new signature helps then, unlike after a wrong one."""
    assert is_timestamp_expired(error_response(401, message))
    assert not is_timestamp_expired(error_response(403, message))


@pytest.mark.parametrize("message", ["Invalid request signature", "", None, 7, [7], {}])
def test_takes_no_other_refusal_for_an_expired_timestamp(message: object) -> None:
    """Every other 401 is about the credentials."""
    assert not is_timestamp_expired(error_response(401, message))
    assert not is_timestamp_expired(HttpResponse(401, {}, b"timestamp expired"))


_PAGE = {"Content-Type": "text/html"}


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("http_response", "expected"),
    [
        pytest.param(error_response(400), ProviderRejected, id="400"),
        pytest.param(error_response(401), CredentialsRejected, id="401"),
        pytest.param(error_response(402), OutOfCredits, id="402"),
        pytest.param(error_response(403), AccountRefused, id="403"),
        pytest.param(error_response(404), ProviderRejected, id="404"),
        pytest.param(error_response(429), ProviderThrottled, id="429"),
        pytest.param(
            error_response(503), ProviderUnavailable, id="503 in its own words"
        ),
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
        pytest.param(error_response(500), AnswerLost, id="500"),
        pytest.param(error_response(502), AnswerLost, id="502"),
        pytest.param(error_response(504), AnswerLost, id="504"),
        pytest.param(error_response(408), AnswerLost, id="408"),
        pytest.param(
            error_response(409), AnswerLost, id="409, which is not documented"
        ),
        pytest.param(HttpResponse(302, {}, b""), AnswerLost, id="302"),
        pytest.param(HttpResponse(204, {}, b""), AnswerLost, id="204"),
        pytest.param(response({"requestId": ""}, 202), AnswerLost, id="an empty id"),
        pytest.param(response({"requestId": "a/b"}, 202), AnswerLost, id="a path"),
        pytest.param(
            response({"requestId": "a" * 129}, 202), AnswerLost, id="a long id"
        ),
        pytest.param(response({"requestId": 7}, 202), AnswerLost, id="a number"),
        pytest.param(response([], 202), AnswerLost, id="a list"),
        pytest.param(HttpResponse(202, {}, b"{"), AnswerLost, id="cut"),
    ],
)
def test_raises_lost_for_all_but_documented_refusals(
    http_response: HttpResponse, expected: type[CourierError]
) -> None:
    """There is no list: what is not plainly refused may be paid for."""
    with pytest.raises(CourierError) as caught:
        accepted_request_id(http_response, now=0.0)

    assert caught.type is expected


@pytest.mark.parametrize("status", [200, 202])
def test_reads_the_id_of_an_accepted_request(status: int) -> None:
    """The bulk call answers without a statusCode, the others with one."""
    assert (
        accepted_request_id(response({"requestId": REFERENCE}, status), now=0.0)
        == REFERENCE
    )


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418])
def test_raises_unreadable_for_an_html_page(status: int) -> None:
    """It comes from a proxy, say, which knows nothing about requests."""
    with pytest.raises(AnswerUnreadable):
        parse_response(HttpResponse(status, _PAGE, b"<html>404"), now=0.0)


def test_passes_retry_after_of_a_503_on_as_a_hint() -> None:
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
def test_survives_any_json(document: object, status: int) -> None:
    """Whatever the types are, the answer is read or raises an error of ours."""
    http_response = response(document, status)
    with suppress(CourierError):
        accepted_request_id(http_response, now=0.0)
    try:
        read = parse_response(http_response, now=0.0)
        status_report(read)
        result_document(read)
    except CourierError:
        return
    assert isinstance(document, dict)
    assert document["status"] in PHASES


@given(status=st.integers(400, 599), message=st.text(min_size=1).map("canary{}".format))
def test_repeats_no_word_of_an_error(status: int, message: str) -> None:
    """The message may echo a mobile number, and errors are logged.

    What a refusal says is apart from its text, for the results bucket alone.
    """
    for read in (parse_response, accepted_request_id):
        with pytest.raises(CourierError) as caught:
            read(error_response(status, message), now=0.0)

        others = {k: v for k, v in vars(caught.value).items() if k != "said"}
        assert "canary" not in f"{caught.value!r} {others}"
