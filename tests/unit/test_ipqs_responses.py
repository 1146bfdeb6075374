"""Answers of IPQS: read strictly, and only what is needed leaves them."""

import json
import ssl
from collections.abc import Mapping
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import AnswerUnreadable, CourierError, ProviderLostJob
from functions.core.model import Phase
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.ipqs.refusals import words_of_refusal
from functions.providers.ipqs.responses import PHASES
from functions.providers.protocol import Link
from functions.providers.transport.http import HttpClient, HttpResponse
from tests.settings import ipqs_settings

KEY = "canary-key-of-the-account"
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LINK = "https://downloads.ipqualityscore.com/download?download=canary"


class ScriptedClient(HttpClient):
    """Returns the same response to every request, without a socket."""

    def __init__(self, answer: object, status: int = 200) -> None:
        super().__init__(tls=TLS, loopback=False)
        self._response = HttpResponse(status, {}, json.dumps(answer).encode())

    def request(
        self,
        method: str,  # noqa: ARG002 - the response is the same
        url: str,  # noqa: ARG002 - the same
        *,
        seconds: float,  # noqa: ARG002 - the same
        max_bytes: int,  # noqa: ARG002 - the same
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the same
        body: IO[bytes] | bytes | None = None,  # noqa: ARG002 - the same
    ) -> HttpResponse:
        """See `HttpClient.request`."""
        return self._response


def ipqs(answer: object, status: int = 200) -> Ipqs:
    """Return an adapter whose every call gets one answer."""
    http = ScriptedClient(answer, status)
    return Ipqs(ipqs_settings(), http=http, key=lambda _fresh: KEY, now=lambda: 5.0)


def answer(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a status answer with some fields changed."""
    return {
        "success": True,
        "id": 7,
        "status": "FINISHED",
        "aborted": False,
        "invalid_records": 1,
        "downloads": {"pristine": None, "clean": "", "bad": LINK, "all": LINK},
        "status_url": f"https://www.ipqualityscore.com/api/json/csv/{KEY}/status/7",
        **fields,
    }


def test_a_finished_job_lists_its_results() -> None:
    """A null link of a finished file means an empty category."""
    report = ipqs(answer()).check("7")

    assert (report.phase, report.unknown_word, report.invalid) == (
        Phase.FINISHED,
        "",
        1,
    )
    assert (report.kinds, report.absent) == (("bad", "all"), ("pristine", "clean"))


@pytest.mark.fault(26)
def test_neither_key_nor_link_is_shown() -> None:
    """Each answer has both; state and logs must not."""
    adapter = ipqs(answer())

    kept = repr((adapter.check("7"), adapter.result_links("7")))

    assert "canary" not in kept
    assert adapter.result_links("7")["all"] == Link(LINK, 5.0)


@pytest.mark.fault(27)
@given(word=st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_an_unknown_status_is_running(word: object) -> None:
    """It is never taken for finished, and only its letters are kept."""
    if isinstance(word, str) and word in PHASES:
        return

    report = ipqs(answer(status=word)).check("7")

    assert (report.phase, report.kinds, report.absent) == (Phase.RUNNING, (), ())
    assert 0 < len(report.unknown_word) <= 32
    assert set(report.unknown_word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


@pytest.mark.fault(25)
@given(
    number=st.none()
    | st.booleans()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(max_value=0)
    | st.integers(min_value=2**63)
    | st.lists(st.integers())
    | st.just("../7")
)
def test_an_invalid_id_is_refused(number: object) -> None:
    """It becomes part of a URL and of the state."""
    with pytest.raises(AnswerUnreadable):
        ipqs(answer(id=number)).check("7")


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    "reference", ["", "../7", "7/", "-7", "7\n", "\u0667", "7" * 20]
)
def test_a_reference_that_is_no_id_is_not_asked_for(reference: str) -> None:
    """A reference may come from a caller and becomes part of a URL."""
    with pytest.raises(ProviderLostJob):
        ipqs(answer()).check(reference)


@pytest.mark.fault(24)
@given(
    fields=st.dictionaries(
        st.sampled_from(["aborted", "invalid_records", "downloads", "success", "id"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.just({"all": 1}),
    ),
    status=st.integers(200, 599),
)
def test_fields_of_wrong_types_do_no_harm(fields: dict[str, Any], status: int) -> None:
    """Every field may be null, and new types come without notice."""
    try:
        report = ipqs(answer(**fields), status).check("7")
    except CourierError as error:
        assert KEY not in str(error)  # noqa: PT017 - an error is one of two good ends
        return

    assert report.invalid >= 0
    assert set(report.kinds) <= {"bad", "all"}


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Row 3: a@rows.example is no IP.", "Row 3: a@rows.example is no IP."),
        ("Wrong key canary/key.", "Wrong key [key]."),
        ("No such path: /csv/canary%2Fkey/upload", "No such path: /csv/[key]/upload"),
        ("See HTTPS://x.example/canary?a=b now", "See [link] now"),
        ("See (x.example/dl/Ab12?t=1) now", "See ([link] now"),
        ("See x.example:8443?t=1 or //x/a, ws://y", "See [link] or [link] [link]"),
        ("Use .csv and/or .txt, or a.csv? No.", "Use .csv and/or .txt, or a.csv? No."),
        ("Wrong key can\u200bary/\xadkey.", "Wrong key [key]."),
        ("See https://x.example/canary/key/b", "See [link]"),
        ("Not with aB3dE6gH9jK2mN5pQ8sT1vW4!", "Not with [token]!"),
        ("too long " * 500, ("too long " * 500)[:2_000]),
    ],
)
def test_the_words_of_a_refusal_have_no_secret(said: str, kept: str) -> None:
    """They say which rule a file breaks; other answers have the key, or links."""
    body = json.dumps({"success": False, "message": said}).encode()

    words = words_of_refusal(body, key="canary/key")

    assert words == {"request": {"class": "NONE", "message": kept}}


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"message": ""}', b'{"message": ["no"]}']
)
def test_a_refusal_without_words_has_none(body: bytes) -> None:
    """Whatever answered instead is not shown as what the provider says."""
    assert words_of_refusal(body, key="k") == {}


def test_an_empty_key_masks_nothing() -> None:
    """It is between all letters: nobody could read the words."""
    said = {"request": {"class": "NONE", "message": "No."}}

    assert words_of_refusal(b'{"message": "No."}', key="") == said
