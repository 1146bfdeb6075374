"""IPQS' answers: read strictly, and nothing of them leaves but what we need."""

import json
import ssl
from collections.abc import Mapping
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import AnswerUnreadable, CourierError, ProviderLostJob
from functions.core.model import Phase
from functions.providers.ipqs.adapter import Ipqs, IpqsSettings
from functions.providers.ipqs.responses import PHASES
from functions.providers.protocol import Link
from functions.providers.transport.http import HttpClient, HttpResponse

KEY = "canary-key-of-the-account"
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LINK = "https://downloads.ipqualityscore.com/download?download=canary"


class Scripted(HttpClient):
    """Answers every call alike, without a socket."""

    def __init__(self, answer: object, status: int = 200) -> None:
        super().__init__(tls=TLS, loopback=False)
        self._reply = HttpResponse(status, {}, json.dumps(answer).encode())

    def request(
        self,
        method: str,  # noqa: ARG002 - the answer is the same
        url: str,  # noqa: ARG002 - the same
        *,
        seconds: float,  # noqa: ARG002 - the same
        max_bytes: int,  # noqa: ARG002 - the same
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the same
        body: IO[bytes] | bytes | None = None,  # noqa: ARG002 - the same
    ) -> HttpResponse:
        """See `HttpClient.request`."""
        return self._reply


def ipqs(answer: object, status: int = 200) -> Ipqs:
    """Make an adapter that is given one answer."""
    http = Scripted(answer, status)
    return Ipqs(IpqsSettings(), http=http, key=lambda _fresh: KEY, now=lambda: 5.0)


def answer(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make a status answer, some of its fields otherwise."""
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


def test_a_finished_job_names_its_results() -> None:
    """A null link on a finished file is an empty category."""
    look = ipqs(answer()).check("7")

    assert (look.phase, look.unknown_word, look.invalid) == (Phase.FINISHED, "", 1)
    assert (look.kinds, look.absent) == (("bad", "all"), ("pristine", "clean"))


@pytest.mark.fault(26)
def test_neither_key_nor_link_is_in_what_is_kept() -> None:
    """Each answer repeats the key and mints links; state and logs keep neither."""
    adapter = ipqs(answer())

    kept = repr((adapter.check("7"), adapter.results("7")))

    assert "canary" not in kept
    assert adapter.results("7")["all"] == Link(LINK, 5.0)


@pytest.mark.fault(27)
@given(word=st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_an_unknown_word_is_running(word: object) -> None:
    """It is never taken for finished, and only letters of it are kept."""
    if isinstance(word, str) and word in PHASES:
        return

    look = ipqs(answer(status=word)).check("7")

    assert (look.phase, look.kinds, look.absent) == (Phase.RUNNING, (), ())
    assert 0 < len(look.unknown_word) <= 32
    assert set(look.unknown_word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


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
def test_an_id_that_can_be_none_is_refused(number: object) -> None:
    """It becomes part of a path, and of the state."""
    with pytest.raises(AnswerUnreadable):
        ipqs(answer(id=number)).check("7")


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    "reference", ["", "../7", "7/", "-7", "7\n", "\u0667", "7" * 20]
)
def test_a_reference_that_is_no_id_is_not_asked_for(reference: str) -> None:
    """A reference may come from a caller; it is never put into a path as it is."""
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
    """Every field may be null, and new forms come without notice."""
    try:
        look = ipqs(answer(**fields), status).check("7")
    except CourierError as error:
        assert KEY not in str(error)  # noqa: PT017 - an error is one of two good ends
        return

    assert look.invalid >= 0
    assert set(look.kinds) <= {"bad", "all"}
