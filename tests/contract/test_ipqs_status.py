"""IPQS: what a status answer means, whatever is in it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    AnswerLost,
    AnswerMismatch,
    AnswerUnreadable,
    CredentialsRejected,
    OutOfCredits,
    ProviderRejected,
    ProviderThrottled,
)
from functions.core.model import Phase, StatusReport
from functions.providers.ipqs.responses import KINDS, PHASES
from local.simulators.ipqs import Answer
from tests.contract.examples import few_examples
from tests.contract.harness import KEY, retry_hint
from tests.contract.ipqs_harness import IpqsHarness

_WORDS = sorted(PHASES)
_KEY_REFUSED = "Invalid or unauthorized key. Please check the API key and try again."


def _edited_status(**changes: object) -> Answer:
    return Answer.edited(lambda answer: {**answer, **changes})


@pytest.mark.fault(27)
@pytest.mark.parametrize("word", _WORDS)
def test_translates_each_status(ipqs: IpqsHarness, word: str) -> None:
    """These are the known words; each is one phase."""
    reference = ipqs.submit()
    ipqs.simulator.behave(statuses=(word,))

    report = ipqs.provider.check(reference)

    assert report.phase is PHASES[word]
    assert report.unknown_word == ""


@few_examples
@given(words=st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6))
def test_accepts_statuses_in_any_order(ipqs: IpqsHarness, words: list[str]) -> None:
    """A client sees any subset of the life cycle, and a provider may go back."""
    reference = ipqs.submit()
    ipqs.simulator.behave(statuses=tuple(words))

    phases = [ipqs.provider.check(reference).phase for _word in words]

    assert phases == [PHASES[word] for word in words]


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("ARCHIVED", "ARCHIVED", id="new"),
        pytest.param("finished", "FINISHED", id="another case"),
        pytest.param("FINISHED ", "FINISHED", id="a space"),
        pytest.param("", "UNREADABLE", id="empty"),
        pytest.param("é½", "UNREADABLE", id="no letters of ours"),
        pytest.param("X" * 500, "X" * 32, id="long"),
        pytest.param(f"failed for {KEY}", None, id="with the key in it"),
    ],
)
def test_treats_an_unknown_status_as_running(
    ipqs: IpqsHarness, word: str, expected: str | None
) -> None:
    """An unknown word is never an end; its letters are for the log."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.simulator.behave(statuses=(word,))

    report = ipqs.provider.check(reference)

    assert (report.phase, report.kinds) == (Phase.RUNNING, ())
    assert report.unknown_word == expected or expected is None
    assert KEY not in report.unknown_word


@pytest.mark.fault(27)
@pytest.mark.parametrize("word", [None, 7, True, ["FINISHED"], {"FINISHED": 1}])
def test_treats_a_missing_status_as_running(ipqs: IpqsHarness, word: object) -> None:
    """Every field may be null, says the style guide of IPQS."""
    reference = ipqs.submit()
    ipqs.script("status", _edited_status(status=word))

    report = ipqs.provider.check(reference)

    assert report == StatusReport(
        phase=Phase.RUNNING, invalid=report.invalid, unknown_word="NONE"
    )


@pytest.mark.fault(31)
@pytest.mark.parametrize("word", [*_WORDS, "ABORTED", "CANCELLED"])
def test_reports_aborted_with_any_status(ipqs: IpqsHarness, word: str) -> None:
    """Which status comes with `aborted` is unknown."""
    reference = ipqs.submit()
    ipqs.simulator.behave(aborted_status=word)
    ipqs.simulator.abort(int(reference))

    assert ipqs.provider.check(reference).phase is Phase.ABORTED


@pytest.mark.parametrize("aborted", [None, False, 0, "", "no", [], {}])
def test_is_not_aborted_by_any_other_value(ipqs: IpqsHarness, aborted: object) -> None:
    """A job must not end because of a null."""
    reference = ipqs.submit()
    ipqs.script("status", _edited_status(aborted=aborted))

    assert ipqs.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(28)
@pytest.mark.parametrize(
    "downloads",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param([], id="empty, as PHP writes it"),
        pytest.param(dict.fromkeys(KINDS), id="null links"),
        pytest.param(dict.fromkeys(KINDS, ""), id="empty links"),
        pytest.param({"excellent": "https://x.example/"}, id="unknown kinds only"),
    ],
)
def test_reports_kinds_without_a_link_as_absent(
    ipqs: IpqsHarness, downloads: object
) -> None:
    """A category without rows has no link."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.script(
        "status",
        _edited_status(downloads=downloads),
        _edited_status(downloads=downloads),
    )

    report = ipqs.provider.check(reference)

    assert (report.phase, report.kinds, report.absent) == (Phase.FINISHED, (), KINDS)
    assert ipqs.provider.result_links(reference) == {}


@pytest.mark.fault(28)
def test_reports_missing_links_as_absent(ipqs: IpqsHarness) -> None:
    """A soft failure lacks the usual fields."""
    reference = ipqs.submit()
    ipqs.finish()

    def without(answer: dict[str, Any]) -> dict[str, Any]:
        return {name: answer[name] for name in answer if name != "downloads"}

    ipqs.script("status", Answer.edited(without), Answer.edited(without))

    assert ipqs.provider.check(reference).absent == KINDS
    assert ipqs.provider.result_links(reference) == {}


@pytest.mark.fault(28)
def test_refuses_links_of_one_kind_that_are_there_twice(ipqs: IpqsHarness) -> None:
    """One of the two may lead to half a result, and nobody can tell which."""
    reference = ipqs.submit()
    body = (
        b'{"success": true, "id": %b, "status": "FINISHED", "downloads":'
        b' {"all": "https://a.example/1", "all": "https://a.example/2"}}'
    ) % reference.encode()
    ipqs.script("status", Answer.http(200, body), Answer.http(200, body))

    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.check(reference)
    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.result_links(reference)


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "downloads",
    [
        pytest.param("https://x.example/", id="a text"),
        pytest.param(["https://x.example/"], id="a list"),
        pytest.param({"all": ["https://x.example/"]}, id="a list of links"),
        pytest.param({"all": {"url": "https://x.example/"}}, id="an object"),
        pytest.param({"all": True}, id="a truth"),
        pytest.param({"all": 7}, id="a number"),
    ],
)
def test_refuses_links_of_another_type(ipqs: IpqsHarness, downloads: object) -> None:
    """Taken for absent, a result that exists would be left out silently."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.script(
        "status",
        _edited_status(downloads=downloads),
        _edited_status(downloads=downloads),
    )

    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.check(reference)
    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.result_links(reference)


def test_leaves_out_unknown_kinds(ipqs: IpqsHarness) -> None:
    """New fields come, and results are stored under kinds that we know."""
    reference = ipqs.submit()
    ipqs.finish()
    kinds = ipqs.provider.check(reference).kinds

    def more(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "downloads": {**answer["downloads"], "new": "https://n.e/"}}

    ipqs.script("status", Answer.edited(more))

    assert ipqs.provider.check(reference).kinds == kinds


@pytest.mark.parametrize("phase", ["NEW", "FINALIZING", "ERROR"])
def test_reports_no_kinds_before_the_end(ipqs: IpqsHarness, phase: str) -> None:
    """Links next to another status may lead to half a result."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.script("status", _edited_status(status=phase))

    report = ipqs.provider.check(reference)

    assert (report.kinds, report.absent) == ((), ())


def test_reads_shuffled_answers_with_new_fields(ipqs: IpqsHarness) -> None:
    """Order means nothing and new fields come, says the style guide of IPQS."""
    reference = ipqs.submit()
    ipqs.finish()
    plain = ipqs.provider.check(reference)

    def shuffled(answer: dict[str, Any]) -> dict[str, Any]:
        return {"new": {"deep": [1]}, **dict(reversed(answer.items())), "more": None}

    ipqs.script("status", Answer.edited(shuffled))

    assert ipqs.provider.check(reference) == plain


@pytest.mark.parametrize(
    ("value", "invalid"), [(3, 3), (0, 0), (None, 0), (-1, 0), ("3", 0), (True, 0)]
)
def test_reads_invalid_records_where_they_are_a_count(
    ipqs: IpqsHarness, value: object, invalid: int
) -> None:
    """The number is for the reconciliation of rows, and no reason to fail."""
    reference = ipqs.submit()
    ipqs.script("status", _edited_status(invalid_records=value))

    assert ipqs.provider.check(reference).invalid == invalid


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    "id_", [None, "3000001", -1, 0, 3000001.0, True, 2**63, [3000001], "../x"]
)
def test_refuses_an_invalid_id(ipqs: IpqsHarness, id_: object) -> None:
    """An id becomes part of URLs and of the jobs table."""
    reference = ipqs.submit()
    ipqs.script("status", _edited_status(id=id_))

    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.check(reference)


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": 1}, id="id"),
        pytest.param({"file_name": "another name"}, id="file name"),
        pytest.param({"file_name": "our-name.csv"}, id="longer file name"),
        pytest.param({"file_name": ""}, id="empty file name"),
        pytest.param({"file_name": 7}, id="file name of another type"),
    ],
)
def test_refuses_the_answer_for_another_job(
    ipqs: IpqsHarness, changes: dict[str, object]
) -> None:
    """A cache that mixes up two jobs would deliver the results of the other."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.script("status", _edited_status(**changes), _edited_status(**changes))

    with ipqs.expect_error(AnswerMismatch):
        ipqs.provider.check(reference, name="our-name")
    with ipqs.expect_error(AnswerMismatch):
        ipqs.provider.result_links(reference, name="our-name")


@pytest.mark.fault(30)
@pytest.mark.parametrize("file_name", ["our-name", None])
def test_takes_an_answer_with_our_file_name_or_without_any(
    ipqs: IpqsHarness, file_name: str | None
) -> None:
    """Every field may be null, and what another client sent has a name of its own."""
    reference = ipqs.submit()
    ipqs.finish()
    ipqs.script("status", _edited_status(file_name=file_name))

    assert ipqs.provider.check(reference, name="our-name").kinds
    assert ipqs.provider.check(reference, name="").kinds


@pytest.mark.fault(29)
@pytest.mark.parametrize("word", ["NEW", "PROCESSING", "FINALIZING", "ERROR", "NEWER"])
def test_follows_no_link_of_a_file_that_is_not_finished(
    ipqs: IpqsHarness, word: str
) -> None:
    """49 of 108 bytes were a whole file, and not the whole result."""
    ipqs.simulator.behave(early_links=True, statuses=("FINISHED", word))
    reference = ipqs.submit()
    ipqs.simulator.clock.advance(3600)

    assert ipqs.provider.check(reference).kinds
    assert ipqs.provider.result_links(reference) == {}


@pytest.mark.fault(31)
def test_follows_no_link_of_an_aborted_file(ipqs: IpqsHarness) -> None:
    """Its results are those of a part."""
    ipqs.simulator.behave(aborted_status="FINISHED", aborted_links=True)
    reference = ipqs.submit()
    ipqs.simulator.abort(int(reference))

    assert ipqs.provider.result_links(reference) == {}


@pytest.mark.fault(25)
@pytest.mark.parametrize("id_", [None, "3000001", -1, 0, 2**63, True])
def test_finds_a_submission_whose_answer_has_no_valid_id(
    ipqs: IpqsHarness, id_: object
) -> None:
    """The file was accepted; only its id is not known."""
    ipqs.script("upload", _edited_status(id=id_))

    with ipqs.expect_error(AnswerLost):
        ipqs.submit()

    (accepted,) = ipqs.simulator.csvs
    assert ipqs.find() == str(accepted.id)


@pytest.mark.fault(21)
@pytest.mark.parametrize("status", [200, 400, 402, 403, 429])
@pytest.mark.parametrize(
    "message",
    [
        pytest.param("You have insufficient credits to make this query.", id="credits"),
        pytest.param(
            "You have exceeded your request quota of 200 per day. Please upgrade.",
            id="quota",
        ),
    ],
)
def test_raises_out_of_credits_by_the_message(
    ipqs: IpqsHarness, status: int, message: str
) -> None:
    """Waiting does not fill an account; the message tells it from throttling."""
    refusal = Answer.json({"success": False, "message": message}, status)
    ipqs.script("upload", refusal)

    with ipqs.expect_error(OutOfCredits):
        ipqs.submit()

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(19)
@pytest.mark.fault(26)
@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f"Your key {KEY} is not for a@example.com.", id="with the key"),
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param([KEY], id="a list"),
    ],
)
def test_repeats_no_words_of_a_refusal(ipqs: IpqsHarness, message: object) -> None:
    """They may hold the key, or a row of a list."""
    ipqs.script("upload", Answer.json({"success": False, "message": message}))

    with ipqs.expect_error(ProviderRejected) as caught:
        ipqs.submit()

    assert "example.com" not in str(caught.value)


@pytest.mark.fault(22)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"success": false, "message": "Slow down."}', id="other words"),
        pytest.param(b'{"success": true}', id="contradiction"),
        pytest.param(b"insufficient credits", id="no JSON"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
    ],
)
def test_reads_403_without_a_known_message_as_throttling(
    ipqs: IpqsHarness, body: bytes
) -> None:
    """403 means too many calls, unless IPQS itself says more."""
    ipqs.script("status", Answer.http(403, body, retry_after="7"))

    with ipqs.expect_error(ProviderThrottled) as caught:
        ipqs.provider.check(ipqs.unknown_ref)

    assert retry_hint(caught.value) == 7.0


@pytest.mark.fault(20)
@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("call", ["upload", "status", "list"])
def test_reads_a_refused_key_anew_for_any_status(
    ipqs: IpqsHarness, status: int, call: str
) -> None:
    """A rotated key taken for throttling would wait until the deadline."""
    calls: dict[str, Callable[[], object]] = {
        "upload": ipqs.submit,
        "status": lambda: ipqs.provider.check(ipqs.unknown_ref),
        "list": ipqs.find,
    }
    refusal = Answer.json({"success": False, "message": _KEY_REFUSED}, status)
    ipqs.script(call, refusal)

    with ipqs.expect_error(CredentialsRejected):
        calls[call]()

    assert ipqs.key.fresh_reads == 1
