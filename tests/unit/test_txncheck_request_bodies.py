"""Request bodies of TxnCheck: an invalid one is refused without showing it."""

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
from tests.canary import error_text, find_leaks
from tests.contract.sources import BytesSource

REQUESTS = RequestBodies(upi_name="optional", bank_async=False)

VALID: dict[str, dict[str, object]] = {
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
#: Invalid values, which no error may show.
INVALID: dict[str, list[object]] = {
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


def source(fields: object) -> BytesSource:
    """Return a file with one request."""
    return BytesSource(json.dumps(fields).encode())


@pytest.mark.parametrize("type_", VALID)
def test_sends_the_fields_of_a_call_and_no_others(type_: str) -> None:
    """TxnCheck may refuse an unknown field, or charge differently for it."""
    body = REQUESTS.read_body(
        type_, source({**VALID[type_], "note": "x", "async": False})
    )

    sent = json.loads(body)
    listed = type_ != "bank-verification-pennyless"
    assert sent == VALID[type_] | ({"async": True} if listed else {})
    assert body == json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("type_", "field", "value"),
    [
        pytest.param(type_, field, value, id=f"{type_} {field} {number}")
        for type_, good in VALID.items()
        for field in good
        for number, value in enumerate(INVALID[field])
    ],
)
def test_refuses_an_invalid_field(type_: str, field: str, value: object) -> None:
    """It would be paid for and come back without a verdict."""
    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.read_body(type_, source({**VALID[type_], field: value}))

    (message,) = caught.value.args
    assert message.startswith(f"{field}: must be ")
    assert "; " not in message


@pytest.mark.parametrize("type_", VALID)
def test_names_every_missing_field(type_: str) -> None:
    """The file can then be corrected in one go; null is missing, too."""
    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.read_body(type_, source(dict.fromkeys(VALID[type_])))

    message = "; ".join(f"{field}: is missing" for field in VALID[type_])
    assert str(caught.value) == message


def test_refuses_an_unknown_type() -> None:
    """A type becomes part of a URL."""
    with pytest.raises(RequestInvalid):
        REQUESTS.read_body("../requests", source({}))


@pytest.mark.parametrize(
    ("use", "name", "sent"),
    [
        pytest.param("optional", "Asha", {"name": "Asha"}, id="optional, given"),
        pytest.param("optional", None, {}, id="optional, not given"),
        pytest.param("required", "Asha", {"name": "Asha"}, id="required, given"),
        pytest.param("unsent", "Asha", {}, id="unsent, given"),
        pytest.param("unsent", "", {}, id="unsent, given amiss"),
    ],
)
def test_treats_the_name_as_the_setting_says(
    use: NameUse, name: str | None, sent: dict[str, str]
) -> None:
    """Only newer documents have it, so an account may take it or not."""
    requests = RequestBodies(upi_name=use, bank_async=False)
    fields = {"mobile": "+919000000001", "name": name}

    assert requests.valid_fields("upi-by-mobile", fields) == {
        "mobile": "+919000000001",
        **sent,
    }


def test_requires_the_name_where_it_is_set() -> None:
    """Without it the provider would refuse, after the job had begun."""
    requests = RequestBodies(upi_name="required", bank_async=False)

    errors = requests.field_errors("upi-by-mobile", {"mobile": "+919000000001"})

    assert errors == {"name": "is missing"}


def test_sends_async_to_the_bank_verification_where_it_is_set() -> None:
    """Its documents neither list the field nor exclude it."""
    type_ = "bank-verification-pennyless"
    requests = RequestBodies(upi_name="optional", bank_async=True)

    assert json.loads(requests.read_body(type_, source(VALID[type_])))["async"] is True


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
        pytest.param(b"[" * 60_000, RequestInvalid, id="nested too deeply"),
        pytest.param(b" " * 70_000, SourceTooLarge, id="too large"),
    ],
)
def test_refuses_a_file_that_is_no_request(
    content: bytes, error: type[CourierError]
) -> None:
    """Each refusal has its name, and none reads more than a request may have."""
    with pytest.raises(error) as caught:
        REQUESTS.read_body("kyc-by-mobile", BytesSource(content))

    assert caught.type is error


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"mobile,name\n+919000000001,Asha Rao\n", id="a CSV"),
        pytest.param(b'{"mobile":"1"}\n{"mobile":"2"}\n', id="JSON Lines"),
        pytest.param(b'[{"mobile":"1"}]', id="a list: it has to be written anew"),
        pytest.param(b"PK\x03\x04\x14\x00\xff\xff", id="a workbook"),
        pytest.param(b"PK\x03\x04" + bytes(70_000), id="a large workbook"),
    ],
)
def test_says_how_a_batch_is_named(content: bytes) -> None:
    """Its rows are no mistakes: it only has another name or form to be a batch."""
    with pytest.raises(CourierError, match=r"one object a line, \.jsonl$"):
        REQUESTS.read_body("kyc-by-mobile", BytesSource(content))


def test_accepts_a_byte_order_mark() -> None:
    """Editors on Windows write one."""
    content = b'\xef\xbb\xbf{"mobile": "+919000000001"}\r\n'

    assert REQUESTS.read_body("kyc-by-mobile", BytesSource(content))


def test_refuses_a_file_that_is_shorter_than_its_size() -> None:
    """A request that is valid without its end is another request."""
    with pytest.raises(SourceMissing):
        REQUESTS.read_body(
            "kyc-by-mobile", BytesSource(b'{"mobile": "+919000000001"}', size=90)
        )


@given(
    fields=st.dictionaries(
        st.sampled_from([*INVALID, "async", "extra"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    ),
    type_=st.sampled_from(sorted(VALID)),
)
def test_shows_no_value_that_it_refuses(fields: dict[str, object], type_: str) -> None:
    """Texts of errors are stored where personal data must not be."""
    canaries = {field: f"canary{value}" for field, value in fields.items()}

    with pytest.raises(RequestInvalid) as caught:
        REQUESTS.valid_fields(type_, canaries)

    assert "canary" not in str(caught.value)
    errors = REQUESTS.field_errors(type_, fields)
    assert set(errors) <= set(INVALID)


@pytest.mark.parametrize("type_", VALID)
def test_shows_no_value_in_any_encoding(type_: str) -> None:
    """Errors in the chain quote the file."""
    canary = "canary-9000000009"
    for content in (
        b'{"mobile": "%s"' % canary.encode(),
        json.dumps(dict.fromkeys(VALID[type_], canary)).encode(),
    ):
        with pytest.raises(CourierError) as caught:
            REQUESTS.read_body(type_, BytesSource(content))

        assert find_leaks(error_text(caught.value), {canary}) == []
