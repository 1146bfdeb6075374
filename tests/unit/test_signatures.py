"""Signatures: a webhook is valid only if a holder of the secret signed exactly it."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.core.settings_parser import ConfigError, parse
from functions.core.signatures import (
    TEMPLATES,
    SignatureScheme,
    SignatureVerdict,
    sign,
    verify,
)

NOW = 1_750_000_000.0
STAMP = "1750000000"
ID = "msg_2b"
SECRET = "invented-secret-of-the-tests"
OLDER = "invented-secret-of-yesterday"
BODY = b'{"event":"request.completed","data":{"requestId":"e3e70682"}}'
SCHEME = SignatureScheme(
    signature_header="X-Signature",
    timestamp_header="X-Timestamp",
    id_header="X-Id",
    timestamp_unit="seconds",
    signed_template="{id}.{ts}.{body}",
    algorithm="sha256",
    encoding="hex",
    prefix="",
    tolerance_seconds=300.0,
)
ENCODINGS: list[dict[str, Any]] = [
    {"algorithm": "sha256", "encoding": "hex", "prefix": ""},
    {"algorithm": "sha256", "encoding": "hex", "prefix": "sha256="},
    {"algorithm": "sha256", "encoding": "base64", "prefix": ""},
    {"algorithm": "sha512", "encoding": "hex", "prefix": "v1="},
    {"algorithm": "sha512", "encoding": "base64", "prefix": "v1,"},
]
SCHEMES = {
    f"{template} {' '.join(encoding.values())}": replace(
        SCHEME, signed_template=template, **encoding
    )
    for template in TEMPLATES
    for encoding in ENCODINGS
}
each_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
schemes = st.sampled_from([*SCHEMES.values()])


def signed(
    scheme: SignatureScheme = SCHEME,
    *,
    secret: str = SECRET,
    body: bytes = BODY,
    timestamp: str = STAMP,
    delivery_id: str = ID,
) -> dict[str, str]:
    """Return the headers of a signed webhook."""
    signature = sign(
        scheme, secret, body=body, timestamp=timestamp, delivery_id=delivery_id
    )
    return {"X-Signature": signature, "X-Timestamp": timestamp, "X-Id": delivery_id}


def verdict_on(
    headers: Mapping[str, str],
    scheme: SignatureScheme = SCHEME,
    *,
    secrets: Sequence[str] = (SECRET,),
    body: bytes = BODY,
    now: float = NOW,
) -> SignatureVerdict:
    """Verify a webhook, by default with the body, secret and time of the tests."""
    return verify(scheme, secrets, headers=headers, body=body, now=now)


def flipped(data: bytes) -> Iterator[bytes]:
    """Yield the data with each of its bits flipped in turn."""
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def flipped_text(text: str) -> Iterator[str]:
    """Return the text of a header with each of its bits flipped in turn."""
    return (data.decode("latin-1") for data in flipped(text.encode("latin-1")))


@each_scheme
def test_a_signed_webhook_is_valid(scheme: SignatureScheme) -> None:
    """Every scheme that the settings allow must work."""
    assert verdict_on(signed(scheme), scheme) is SignatureVerdict.VALID


def test_a_signature_is_computed_as_the_scheme_says() -> None:
    """The provider has another implementation: this one must agree with it."""
    text = f"{ID}.{STAMP}.".encode() + BODY
    digest = hmac.new(SECRET.encode(), text, hashlib.sha512).digest()
    base64_scheme = replace(SCHEME, algorithm="sha512", encoding="base64", prefix="v1,")

    assert (
        signed(base64_scheme)["X-Signature"]
        == "v1," + base64.b64encode(digest).decode()
    )
    assert signed()["X-Signature"] == hmac.digest(SECRET.encode(), text, "sha256").hex()


@pytest.mark.fault(90)
@each_scheme
def test_no_flipped_bit_of_the_body_passes(scheme: SignatureScheme) -> None:
    """A body that differs in one bit is another result."""
    headers = signed(scheme)

    verdicts = {verdict_on(headers, scheme, body=body) for body in flipped(BODY)}

    assert verdicts == {SignatureVerdict.FORGED}


@pytest.mark.fault(90)
@each_scheme
def test_no_flipped_bit_of_the_signature_passes(scheme: SignatureScheme) -> None:
    """Capital letters and spare bits of base64 would decode to the same digest."""
    headers = signed(scheme)

    verdicts = {
        verdict_on(headers | {"X-Signature": signature}, scheme)
        for signature in flipped_text(headers["X-Signature"])
    }

    assert verdicts == {SignatureVerdict.FORGED, SignatureVerdict.UNSIGNED}


@pytest.mark.fault(90)
@each_scheme
@pytest.mark.parametrize("name", ["X-Timestamp", "X-Id"])
def test_no_flipped_bit_of_a_signed_header_passes(
    scheme: SignatureScheme, name: str
) -> None:
    """A header that is not signed must have no influence at all."""
    headers = signed(scheme)
    part = {"X-Timestamp": "{ts}", "X-Id": "{id}"}[name]

    verdicts = {
        verdict_on(headers | {name: value}, scheme)
        for value in flipped_text(headers[name])
    }

    if part in scheme.signed_template:
        assert verdicts == {SignatureVerdict.FORGED, SignatureVerdict.UNSIGNED}
    else:
        assert verdicts == {SignatureVerdict.VALID}


@pytest.mark.fault(90)
@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        pytest.param(
            {"X-Signature": None}, SignatureVerdict.UNSIGNED, id="no signature"
        ),
        pytest.param({"X-Signature": ""}, SignatureVerdict.UNSIGNED, id="an empty one"),
        pytest.param(
            {"x-signature": "0" * 64}, SignatureVerdict.UNSIGNED, id="two of them"
        ),
        pytest.param(
            {"X-Signature": "0" * 64}, SignatureVerdict.FORGED, id="an invented one"
        ),
        pytest.param(
            {"X-Signature": "A" * 64}, SignatureVerdict.UNSIGNED, id="in capitals"
        ),
        pytest.param(
            {"X-Signature": "é" * 64}, SignatureVerdict.UNSIGNED, id="not ASCII"
        ),
        pytest.param(
            {"X-Timestamp": None}, SignatureVerdict.UNSIGNED, id="no timestamp"
        ),
        pytest.param(
            {"x-timestamp": STAMP}, SignatureVerdict.UNSIGNED, id="two timestamps"
        ),
        pytest.param(
            {"X-Timestamp": "²" * 10}, SignatureVerdict.UNSIGNED, id="other digits"
        ),
        pytest.param(
            {"X-Timestamp": "٣" * 10}, SignatureVerdict.UNSIGNED, id="Arabic digits"
        ),
        pytest.param({"X-Timestamp": "-1"}, SignatureVerdict.UNSIGNED, id="a sign"),
        pytest.param(
            {"X-Timestamp": f"{STAMP}\n"}, SignatureVerdict.UNSIGNED, id="a newline"
        ),
        pytest.param(
            {"X-Timestamp": "9" * 10_000}, SignatureVerdict.UNSIGNED, id="endless"
        ),
        pytest.param({"X-Id": None}, SignatureVerdict.UNSIGNED, id="no id"),
        pytest.param(
            {"X-Id": "a b"}, SignatureVerdict.UNSIGNED, id="an id with a space"
        ),
        pytest.param({"X-Id": "x" * 257}, SignatureVerdict.UNSIGNED, id="a long id"),
    ],
)
def test_headers_are_read_strictly(
    changed: Mapping[str, str | None], verdict: SignatureVerdict
) -> None:
    """A header with two possible readings is refused."""
    all_headers = {**signed(), **changed}
    headers = {name: value for name, value in all_headers.items() if value is not None}

    assert verdict_on(headers) is verdict


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\x00", ","])
@each_scheme
def test_text_around_a_signature_is_refused(
    scheme: SignatureScheme, space: str
) -> None:
    """Gateways join two headers by a comma, and lenient decoders ignore the rest."""
    headers = signed(scheme)
    signature = headers["X-Signature"]

    for text in (signature + space, space + signature, signature + space + signature):
        assert (
            verdict_on(headers | {"X-Signature": text}, scheme)
            is SignatureVerdict.UNSIGNED
        )


def test_a_signature_needs_its_prefix() -> None:
    """A digest without it belongs to another version of the scheme."""
    scheme = replace(SCHEME, prefix="v1=")

    assert verdict_on(signed(), scheme) is SignatureVerdict.UNSIGNED
    assert verdict_on(signed(scheme)) is SignatureVerdict.UNSIGNED


def test_header_names_ignore_case() -> None:
    """Some gateways keep the case of names, others change it."""
    headers = {name.lower(): value for name, value in signed().items()}

    assert verdict_on(headers) is SignatureVerdict.VALID
    assert verdict_on({name.upper(): value for name, value in headers.items()}) is (
        SignatureVerdict.VALID
    )


def test_the_end_of_an_id_cannot_become_the_timestamp() -> None:
    """With dots in ids, one signature would be valid for two deliveries."""
    headers = signed(body=b"2.rest", timestamp="1", delivery_id="a")
    moved = headers | {"X-Id": "a.1", "X-Timestamp": "2"}

    assert verdict_on(moved, body=b"rest", now=2.0) is SignatureVerdict.UNSIGNED
    assert verdict_on(headers, body=b"2.rest", now=1.0) is SignatureVerdict.VALID


def test_an_id_that_looks_like_a_template_is_plain_text() -> None:
    """Text that a sender chooses must not be expanded."""
    assert verdict_on(signed(delivery_id="{ts}")) is SignatureVerdict.VALID
    assert signed(delivery_id="{ts}") != signed(delivery_id=STAMP)


@pytest.mark.fault(90)
@each_scheme
def test_without_a_secret_nothing_is_valid(scheme: SignatureScheme) -> None:
    """A missing secret must not make everybody's webhook valid."""
    empty = hmac.new(b"", BODY, scheme.algorithm).digest()
    digest = (
        empty.hex() if scheme.encoding == "hex" else base64.b64encode(empty).decode()
    )
    body_only = replace(scheme, signed_template="{body}")
    headers = signed(body_only) | {"X-Signature": scheme.prefix + digest}

    assert verdict_on(headers, body_only, secrets=()) is SignatureVerdict.FORGED
    assert verdict_on(headers, body_only, secrets=("",)) is SignatureVerdict.FORGED
    assert (
        verdict_on(signed(body_only), body_only, secrets=("", SECRET))
        is SignatureVerdict.VALID
    )
    with pytest.raises(ValueError, match="empty secret"):
        signed(scheme, secret="")


@pytest.mark.parametrize("secrets", [(SECRET, OLDER), (OLDER, SECRET)])
@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_two_secrets_are_valid_at_once(secrets: Sequence[str], secret: str) -> None:
    """While a secret changes, webhooks arrive with signatures of either."""
    assert verdict_on(signed(secret=secret), secrets=secrets) is SignatureVerdict.VALID
    assert (
        verdict_on(signed(secret="another"), secrets=secrets) is SignatureVerdict.FORGED
    )


def test_every_secret_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response time must not reveal which of them was right."""
    compared = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.append((type(first), type(second)))
        return first == second

    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert (
        verdict_on(signed(), secrets=(SECRET, OLDER, "third")) is SignatureVerdict.VALID
    )
    assert compared == [(bytes, bytes)] * 3


@pytest.mark.fault(91)
@pytest.mark.parametrize(
    ("unit", "stamp"), [("seconds", STAMP), ("milliseconds", f"{STAMP}000")]
)
@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        pytest.param(0.0, SignatureVerdict.VALID, id="at once"),
        pytest.param(300.0, SignatureVerdict.VALID, id="just in time"),
        pytest.param(300.5, SignatureVerdict.STALE, id="too late"),
        pytest.param(-300.0, SignatureVerdict.VALID, id="a clock ahead"),
        pytest.param(-300.5, SignatureVerdict.STALE, id="from the future"),
    ],
)
def test_a_timestamp_is_valid_within_the_tolerance(
    unit: Any,  # noqa: ANN401 - a literal type of the scheme
    stamp: str,
    late: float,
    verdict: SignatureVerdict,
) -> None:
    """An intercepted webhook can be replayed for minutes only; clocks differ."""
    scheme = replace(SCHEME, timestamp_unit=unit)

    headers = signed(scheme, timestamp=stamp)

    assert verdict_on(headers, scheme, now=NOW + late) is verdict


def test_a_forged_webhook_is_not_called_stale() -> None:
    """A sender without the secret must not learn the time of the clock."""
    headers = signed(secret="another")

    assert verdict_on(headers, now=NOW + 1e6) is SignatureVerdict.FORGED


def test_an_unsigned_timestamp_is_ignored() -> None:
    """A replay can have any timestamp, so that checking it would protect nothing."""
    scheme = replace(SCHEME, signed_template="{body}")

    for stamp in (STAMP, "1", "nonsense"):
        headers = signed(scheme) | {"X-Timestamp": stamp}
        assert verdict_on(headers, scheme, now=NOW + 1e6) is SignatureVerdict.VALID


def test_a_scheme_is_read_from_json() -> None:
    """It is a setting, because providers document it only to their customers."""
    assert parse(SignatureScheme, asdict(SCHEME), where="webhook") == SCHEME
    for name in asdict(SCHEME):
        incomplete = {k: value for k, value in asdict(SCHEME).items() if k != name}
        with pytest.raises(ConfigError, match=f"webhook: missing {name}"):
            parse(SignatureScheme, incomplete, where="webhook")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"signature_header": ""}, "signature_header"),
        ({"signature_header": "a b"}, "signature_header"),
        ({"signature_header": 1}, "signature_header"),
        ({"timestamp_header": ""}, "timestamp_header"),
        ({"id_header": ""}, "id_header"),
        ({"id_header": "x-TIMESTAMP"}, "headers must differ"),
        ({"timestamp_unit": "hours"}, "timestamp_unit"),
        ({"signed_template": "{body}.{ts}"}, "signed_template"),
        ({"signed_template": None}, "signed_template"),
        ({"algorithm": "md5"}, "algorithm"),
        ({"encoding": "HEX"}, "encoding"),
        ({"prefix": " "}, "prefix"),
        ({"prefix": None}, "prefix"),
        ({"tolerance_seconds": 0}, "tolerance_seconds"),
        ({"tolerance_seconds": float("nan")}, "tolerance_seconds"),
        ({"tolerance_seconds": float("inf")}, "tolerance_seconds"),
        ({"tolerance_seconds": True}, "tolerance_seconds"),
        ({"tolerance_seconds": "300"}, "tolerance_seconds"),
        ({"secret": "x"}, "unknown secret"),
    ],
)
def test_an_invalid_scheme_is_refused(
    changed: Mapping[str, object], message: str
) -> None:
    """A mistake must show at deployment, not when the first webhook is lost."""
    with pytest.raises(ConfigError, match=message):
        parse(SignatureScheme, {**asdict(SCHEME), **changed}, where="webhook")


def test_headers_that_are_not_signed_may_be_absent() -> None:
    """A provider that signs only the body sends one header."""
    scheme = replace(
        SCHEME, signed_template="{body}", timestamp_header="", id_header=""
    )
    headers = {"X-Signature": signed(scheme)["X-Signature"], "": "a nameless header"}

    assert verdict_on(headers, scheme) is SignatureVerdict.VALID


@given(
    scheme=schemes,
    secret=st.text(min_size=1, max_size=40),
    body=st.binary(max_size=200),
    late=st.floats(-300, 300),
)
def test_any_signed_body_is_valid(
    scheme: SignatureScheme, secret: str, body: bytes, late: float
) -> None:
    """A body is any bytes, and a secret any text."""
    headers = signed(scheme, secret=secret, body=body)

    verdict = verdict_on(headers, scheme, secrets=[secret], body=body, now=NOW + late)

    assert verdict is SignatureVerdict.VALID


@given(
    scheme=schemes,
    body=st.binary(max_size=200),
    header=st.text(max_size=140) | st.text("0123456789abcdefABCDEF+/=", max_size=140),
    stamp=st.text(max_size=20) | st.text("0123456789", max_size=20),
    delivery_id=st.text(max_size=20),
)
def test_no_invented_signature_is_valid(
    scheme: SignatureScheme, body: bytes, header: str, stamp: str, delivery_id: str
) -> None:
    """Anybody can send headers: they are refused, and raise nothing."""
    for signature in (header, scheme.prefix + header):
        headers = {"X-Signature": signature, "X-Timestamp": stamp, "X-Id": delivery_id}
        verdict = verdict_on(headers, scheme, body=body)
        assert verdict in {SignatureVerdict.UNSIGNED, SignatureVerdict.FORGED}


@given(
    first=st.tuples(st.text("a.1{}", max_size=4), st.text("12.", max_size=4)),
    second=st.tuples(st.text("a.1{}", max_size=4), st.text("12.", max_size=4)),
    bodies=st.tuples(st.text("a.12", max_size=4), st.text("a.12", max_size=4)),
)
def test_no_two_deliveries_have_the_same_signature(
    first: tuple[str, str], second: tuple[str, str], bodies: tuple[str, str]
) -> None:
    """The boundaries of the signed parts must be unambiguous."""
    assume((*first, bodies[0]) != (*second, bodies[1]))
    signatures = set()
    for (delivery_id, stamp), body in zip((first, second), bodies, strict=True):
        try:
            signatures.add(
                sign(
                    SCHEME,
                    SECRET,
                    body=body.encode(),
                    timestamp=stamp,
                    delivery_id=delivery_id,
                )
            )
        except ValueError:
            signatures.add(repr((delivery_id, stamp, body)))  # `verify` refuses it

    assert len(signatures) == 2
