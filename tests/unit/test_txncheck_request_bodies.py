"""TxnCheck's requests: what is not worth paying for is refused, unseen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    CourierError,
    RequestInvalid,
    SourceEmpty,
    SourceMissing,
    SourceNotText,
    SourceTooLarge,
)
from functions.core.provider_settings import NameUse
from functions.providers.txncheck.request_bodies import BULK, RequestBodies
from tests.canary import leaked, shown
from tests.contract.sources import AtHand

REQUESTS = RequestBodies(upi_name="optional", bank_async=False)

GOOD: dict[str, dict[str, object]] = {
    "upi-by-mobile": {"mobile": "+919000000001"},
    "kyc-by-mobile": {"mobile": "+919000000001"},
    "vpa-chargeback-check": {"vpas": ["asha@bank"]},
    BULK: {"vpas": ["asha@bank"] * 100},
    "full-check": {"mobile": "+919000000001", "name": "Asha é Invented"},
    "bank-verification-pennyless": {
        "accountNumber": "123456789",
        "ifscNumber": "ABCD0123456",
    },
}
#: Each breaks a rule; what is in it must not show.
BAD: dict[str, list[object]] = {
    "mobile": [
        "9000000001",
        "+91900000000",
        "+9190000000011",
        "+919000000001\n",
        "+91 9000000001",
        "+91９000000001",  # noqa: RUF001 - a digit, but not one of theirs
        919000000001,
        ["+919000000001"],
        "",
    ],
    "name": ["", "  ", "x" * 201, "a\nb", "a\x00b", 7, ["Asha"]],
    "vpas": [
        [],
        ["asha@bank"] * 101,
        "asha@bank",
        ["asha"],
        ["@bank"],
        ["asha@"],
        ["asha@ba nk"],
        ["asha@bank\n"],
        ["a@b@c"],
        ["é@bank"],
        [7],
        ["asha@bank", None],
        ["x" * 256 + "@bank"],
    ],
    "accountNumber": ["12345678", "1" * 19, 123456789, "1234 56789", "12345678x"],
    "ifscNumber": ["ABCD1123456", "abcd0123456", "ABC00123456", "ABCD012345", 7],
}


def source(fields: object) -> AtHand:
    """Give a file of one request."""
    return AtHand(json.dumps(fields).encode())


@pytest.mark.parametrize("type_", GOOD)
def test_sends_the_fields_of_a_call_and_no_others(type_: str) -> None:
    """What TxnCheck does not know it may refuse, or charge otherwise for."""
    body = REQUESTS.read_body(
        type_, source({**GOOD[type_], "note": "x", "async": False})
    )

    sent = json.loads(body)
    listed = type_ != "bank-verification-pennyless"
    assert sent == GOOD[type_] | ({"async": True} if listed else {})
    assert body == json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("type_", "field", "value"),
    [
        pytest.param(type_, field, value, id=f"{type_} {field} {number}")
        for type_, good in GOOD.items()
        for field in good
        for number, value in enumerate(BAD[field])
    ],
)
def test_refuses_what_breaks_a_rule(type_: str, field: str, value: object) -> None:
    """It would be paid for, and come back without a verdict."""
    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.read_body(type_, source({**GOOD[type_], field: value}))

    (told,) = caught.value.args
    assert told.startswith(f"{field}: must be ")
    assert "; " not in told


@pytest.mark.parametrize("type_", GOOD)
def test_names_every_field_that_is_missing(type_: str) -> None:
    """Whoever mends the file wants to do it once; null is nothing, too."""
    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.read_body(type_, source(dict.fromkeys(GOOD[type_])))

    told = "; ".join(f"{field}: is missing" for field in GOOD[type_])
    assert str(caught.value) == told


def test_takes_no_type_that_does_not_exist() -> None:
    """A type becomes part of an address."""
    with pytest.raises(RequestInvalid):
        REQUESTS.read_body("../requests", source({}))


@pytest.mark.parametrize(
    ("use", "given_name", "sent"),
    [
        pytest.param("optional", "Asha", {"name": "Asha"}, id="optional, given"),
        pytest.param("optional", None, {}, id="optional, not given"),
        pytest.param("required", "Asha", {"name": "Asha"}, id="required, given"),
        pytest.param("unsent", "Asha", {}, id="unsent, given"),
        pytest.param("unsent", "", {}, id="unsent, given amiss"),
    ],
)
def test_treats_the_newer_name_as_it_is_set(
    use: NameUse, given_name: str | None, sent: dict[str, str]
) -> None:
    """Only newer documents have it: an account can be on either side."""
    requests = RequestBodies(upi_name=use, bank_async=False)
    fields = {"mobile": "+919000000001", "name": given_name}

    assert requests.valid_fields("upi-by-mobile", fields) == {
        "mobile": "+919000000001",
        **sent,
    }


def test_asks_for_the_newer_name_where_it_is_required() -> None:
    """Without it the provider would refuse, after the job had begun."""
    requests = RequestBodies(upi_name="required", bank_async=False)

    faults = requests.field_errors("upi-by-mobile", {"mobile": "+919000000001"})

    assert faults == {"name": "is missing"}


def test_sends_async_to_the_bank_verification_where_it_is_set() -> None:
    """Its documents do not list the field, and do not say that it is refused."""
    type_ = "bank-verification-pennyless"
    requests = RequestBodies(upi_name="optional", bank_async=True)

    assert json.loads(requests.read_body(type_, source(GOOD[type_])))["async"] is True


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", SourceEmpty, id="nothing"),
        pytest.param(b"\xef\xbb\xbf \r\n", SourceEmpty, id="white space"),
        pytest.param(b"{", RequestInvalid, id="cut"),
        pytest.param(b'{"mobile": NaN}', RequestInvalid, id="NaN"),
        pytest.param(b'{"mobile":"1","mobile":"2"}', RequestInvalid, id="twice"),
        pytest.param(b'{"mobile":"\\ud800"}', RequestInvalid, id="half a letter"),
        pytest.param(b"[]", RequestInvalid, id="a list"),
        pytest.param(b"null", RequestInvalid, id="null"),
        pytest.param(b"mobile\n+919000000001\n", RequestInvalid, id="a CSV"),
        pytest.param(b'{"mobile":"\xff"}', SourceNotText, id="not UTF-8"),
        pytest.param(b"[" * 60_000, RequestInvalid, id="drowning depth"),
        pytest.param(b" " * 70_000, SourceTooLarge, id="too large"),
    ],
)
def test_refuses_a_file_that_is_no_request(
    content: bytes, error: type[CourierError]
) -> None:
    """Each refusal has its name; none reads more than a request has."""
    with pytest.raises(error) as caught:
        REQUESTS.read_body("kyc-by-mobile", AtHand(content))

    assert caught.type is error


def test_takes_a_file_that_begins_with_a_mark() -> None:
    """Windows' editors write one."""
    content = b'\xef\xbb\xbf{"mobile": "+919000000001"}\r\n'

    assert REQUESTS.read_body("kyc-by-mobile", AtHand(content))


def test_sends_nothing_of_a_file_that_is_shorter_than_it_said() -> None:
    """A request that happens to be whole without its end is another request."""
    with pytest.raises(SourceMissing):
        REQUESTS.read_body(
            "kyc-by-mobile", AtHand(b'{"mobile": "+919000000001"}', size=90)
        )


@given(
    given=st.dictionaries(
        st.sampled_from([*BAD, "async", "extra"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    ),
    type_=st.sampled_from(sorted(GOOD)),
)
def test_shows_nothing_of_what_it_refuses(given: dict[str, object], type_: str) -> None:
    """The text of an error is kept where personal data may not be."""
    canaries = {field: f"canary{value}" for field, value in given.items()}

    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.valid_fields(type_, canaries)

    assert "canary" not in str(caught.value)
    faults = REQUESTS.field_errors(type_, given)
    assert set(faults) <= set(BAD)


@pytest.mark.parametrize("type_", GOOD)
def test_shows_nothing_of_a_file_in_any_form(type_: str) -> None:
    """Nor does the chain of errors behind it, whose texts quote the file."""
    canary = "canary-9000000009"
    for content in (
        b'{"mobile": "%s"' % canary.encode(),
        json.dumps(dict.fromkeys(GOOD[type_], canary)).encode(),
    ):
        with pytest.raises(CourierError) as caught:
            REQUESTS.read_body(type_, AtHand(content))

        assert leaked(shown(caught.value), {canary}) == []
