"""Signatures: only who knows a secret is believed, and only for what he signed."""

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
SPELT: list[dict[str, Any]] = [
    {"algorithm": "sha256", "encoding": "hex", "prefix": ""},
    {"algorithm": "sha256", "encoding": "hex", "prefix": "sha256="},
    {"algorithm": "sha256", "encoding": "base64", "prefix": ""},
    {"algorithm": "sha512", "encoding": "hex", "prefix": "v1="},
    {"algorithm": "sha512", "encoding": "base64", "prefix": "v1,"},
]
SCHEMES = {
    f"{template} {' '.join(spelt.values())}": replace(
        SCHEME, signed_template=template, **spelt
    )
    for template in TEMPLATES
    for spelt in SPELT
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
    """Give the headers of a webhook."""
    signature = sign(
        scheme, secret, body=body, timestamp=timestamp, delivery_id=delivery_id
    )
    return {"X-Signature": signature, "X-Timestamp": timestamp, "X-Id": delivery_id}


def judged(
    headers: Mapping[str, str],
    scheme: SignatureScheme = SCHEME,
    *,
    secrets: Sequence[str] = (SECRET,),
    body: bytes = BODY,
    now: float = NOW,
) -> SignatureVerdict:
    """Judge a webhook as the tests mostly do."""
    return verify(scheme, secrets, headers=headers, body=body, now=now)


def flipped(data: bytes) -> Iterator[bytes]:
    """Give the data with each of its bits flipped in turn."""
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        yield bytes(changed)


def flipped_text(text: str) -> Iterator[str]:
    """Give the text of a header with each of its bits flipped in turn."""
    return (each.decode("latin-1") for each in flipped(text.encode("latin-1")))


@each_scheme
def test_what_was_signed_is_valid(scheme: SignatureScheme) -> None:
    """Every scheme that can be set must work."""
    assert judged(signed(scheme), scheme) is SignatureVerdict.VALID


def test_a_signature_is_that_of_the_scheme() -> None:
    """The provider computes it elsewhere: agreeing with ourselves is not enough."""
    text = f"{ID}.{STAMP}.".encode() + BODY
    digest = hmac.new(SECRET.encode(), text, hashlib.sha512).digest()
    based = replace(SCHEME, algorithm="sha512", encoding="base64", prefix="v1,")

    assert signed(based)["X-Signature"] == "v1," + base64.b64encode(digest).decode()
    assert signed()["X-Signature"] == hmac.digest(SECRET.encode(), text, "sha256").hex()


@pytest.mark.fault(90)
@each_scheme
def test_no_flipped_bit_of_the_body_passes(scheme: SignatureScheme) -> None:
    """One bit is a different result."""
    headers = signed(scheme)

    verdicts = {judged(headers, scheme, body=body) for body in flipped(BODY)}

    assert verdicts == {SignatureVerdict.FORGED}


@pytest.mark.fault(90)
@each_scheme
def test_no_flipped_bit_of_the_signature_passes(scheme: SignatureScheme) -> None:
    """Capital letters and spare bits of base64 would spell the same digest."""
    headers = signed(scheme)

    verdicts = {
        judged(headers | {"X-Signature": signature}, scheme)
        for signature in flipped_text(headers["X-Signature"])
    }

    assert verdicts == {SignatureVerdict.FORGED, SignatureVerdict.UNSIGNED}


@pytest.mark.fault(90)
@each_scheme
@pytest.mark.parametrize("name", ["X-Timestamp", "X-Id"])
def test_no_flipped_bit_of_a_signed_header_passes(
    scheme: SignatureScheme, name: str
) -> None:
    """What is not signed says nothing: there no header decides at all."""
    headers = signed(scheme)
    part = {"X-Timestamp": "{ts}", "X-Id": "{id}"}[name]

    verdicts = {
        judged(headers | {name: value}, scheme) for value in flipped_text(headers[name])
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
    """What two parsers could read in two ways is not read at all."""
    everything = {**signed(), **changed}
    headers = {name: value for name, value in everything.items() if value is not None}

    assert judged(headers) is verdict


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\x00", ","])
@each_scheme
def test_nothing_surrounds_a_signature(scheme: SignatureScheme, space: str) -> None:
    """A gateway joins two headers by a comma; lenient decoders skip the rest."""
    headers = signed(scheme)
    signature = headers["X-Signature"]

    for text in (signature + space, space + signature, signature + space + signature):
        assert (
            judged(headers | {"X-Signature": text}, scheme) is SignatureVerdict.UNSIGNED
        )


def test_a_prefix_belongs_to_the_signature() -> None:
    """A digest without it is of another version, or of another sender."""
    scheme = replace(SCHEME, prefix="v1=")

    assert judged(signed(), scheme) is SignatureVerdict.UNSIGNED
    assert judged(signed(scheme)) is SignatureVerdict.UNSIGNED


def test_header_names_have_no_case() -> None:
    """One gateway keeps them as sent, another writes them small."""
    headers = {name.lower(): value for name, value in signed().items()}

    assert judged(headers) is SignatureVerdict.VALID
    assert judged({name.upper(): value for name, value in headers.items()}) is (
        SignatureVerdict.VALID
    )


def test_an_id_cannot_be_moved_into_the_timestamp() -> None:
    """With dots in ids, one signature would hold for two deliveries."""
    headers = signed(body=b"2.rest", timestamp="1", delivery_id="a")
    moved = headers | {"X-Id": "a.1", "X-Timestamp": "2"}

    assert judged(moved, body=b"rest", now=2.0) is SignatureVerdict.UNSIGNED
    assert judged(headers, body=b"2.rest", now=1.0) is SignatureVerdict.VALID


def test_a_part_that_looks_like_a_template_is_only_text() -> None:
    """What a sender chooses must not be filled in once more."""
    assert judged(signed(delivery_id="{ts}")) is SignatureVerdict.VALID
    assert signed(delivery_id="{ts}") != signed(delivery_id=STAMP)


@pytest.mark.fault(90)
@each_scheme
def test_without_a_secret_nothing_is_valid(scheme: SignatureScheme) -> None:
    """A forgotten setting must not open the door to everybody."""
    empty = hmac.new(b"", BODY, scheme.algorithm).digest()
    spelt = (
        empty.hex() if scheme.encoding == "hex" else base64.b64encode(empty).decode()
    )
    plain = replace(scheme, signed_template="{body}")
    headers = signed(plain) | {"X-Signature": scheme.prefix + spelt}

    assert judged(headers, plain, secrets=()) is SignatureVerdict.FORGED
    assert judged(headers, plain, secrets=("",)) is SignatureVerdict.FORGED
    assert judged(signed(plain), plain, secrets=("", SECRET)) is SignatureVerdict.VALID
    with pytest.raises(ValueError, match="empty secret"):
        signed(scheme, secret="")


@pytest.mark.parametrize("secrets", [(SECRET, OLDER), (OLDER, SECRET)])
@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_two_secrets_hold_at_once(secrets: Sequence[str], secret: str) -> None:
    """While a secret changes, deliveries signed with either are on their way."""
    assert judged(signed(secret=secret), secrets=secrets) is SignatureVerdict.VALID
    assert judged(signed(secret="another"), secrets=secrets) is SignatureVerdict.FORGED


def test_every_secret_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long the answer takes must not tell which of them was right."""
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((type(one), type(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert judged(signed(), secrets=(SECRET, OLDER, "third")) is SignatureVerdict.VALID
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
def test_a_timestamp_holds_for_a_while(
    unit: Any,  # noqa: ANN401 - the words are the scheme's
    stamp: str,
    late: float,
    verdict: SignatureVerdict,
) -> None:
    """What was overheard can be replayed for minutes only; clocks differ."""
    scheme = replace(SCHEME, timestamp_unit=unit)

    headers = signed(scheme, timestamp=stamp)

    assert judged(headers, scheme, now=NOW + late) is verdict


def test_a_forged_webhook_is_not_called_stale() -> None:
    """Who cannot sign shall not learn what our clock says."""
    headers = signed(secret="another")

    assert judged(headers, now=NOW + 1e6) is SignatureVerdict.FORGED


def test_an_unsigned_timestamp_is_worth_nothing() -> None:
    """A replay would come with a fresh one, so that it neither helps nor harms."""
    scheme = replace(SCHEME, signed_template="{body}")

    for stamp in (STAMP, "1", "nonsense"):
        headers = signed(scheme) | {"X-Timestamp": stamp}
        assert judged(headers, scheme, now=NOW + 1e6) is SignatureVerdict.VALID


def test_a_scheme_is_a_setting() -> None:
    """It comes as JSON, since nobody knows it before the account is open."""
    assert parse(SignatureScheme, asdict(SCHEME), where="webhook") == SCHEME
    for name in asdict(SCHEME):
        lacking = {key: value for key, value in asdict(SCHEME).items() if key != name}
        with pytest.raises(ConfigError, match=f"webhook: missing {name}"):
            parse(SignatureScheme, lacking, where="webhook")


@pytest.mark.parametrize(
    ("changed", "named"),
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
def test_an_impossible_scheme_is_refused(
    changed: Mapping[str, object], named: str
) -> None:
    """A mistake shows when it is set, not when the first webhook is lost."""
    with pytest.raises(ConfigError, match=named):
        parse(SignatureScheme, {**asdict(SCHEME), **changed}, where="webhook")


def test_headers_that_nothing_needs_may_be_absent() -> None:
    """A provider that signs the body only sends one header."""
    scheme = replace(
        SCHEME, signed_template="{body}", timestamp_header="", id_header=""
    )
    headers = {"X-Signature": signed(scheme)["X-Signature"], "": "a nameless header"}

    assert judged(headers, scheme) is SignatureVerdict.VALID


@given(
    scheme=schemes,
    secret=st.text(min_size=1, max_size=40),
    body=st.binary(max_size=200),
    late=st.floats(-300, 300),
)
def test_whatever_is_signed_is_valid(
    scheme: SignatureScheme, secret: str, body: bytes, late: float
) -> None:
    """Bodies are bytes, and secrets any text."""
    headers = signed(scheme, secret=secret, body=body)

    verdict = judged(headers, scheme, secrets=[secret], body=body, now=NOW + late)

    assert verdict is SignatureVerdict.VALID


@given(
    scheme=schemes,
    body=st.binary(max_size=200),
    header=st.text(max_size=140) | st.text("0123456789abcdefABCDEF+/=", max_size=140),
    stamp=st.text(max_size=20) | st.text("0123456789", max_size=20),
    delivery_id=st.text(max_size=20),
)
def test_nothing_invented_is_valid(
    scheme: SignatureScheme, body: bytes, header: str, stamp: str, delivery_id: str
) -> None:
    """The headers come from anybody: they are refused, and never crash us."""
    for signature in (header, scheme.prefix + header):
        headers = {"X-Signature": signature, "X-Timestamp": stamp, "X-Id": delivery_id}
        verdict = judged(headers, scheme, body=body)
        assert verdict in {SignatureVerdict.UNSIGNED, SignatureVerdict.FORGED}


@given(
    one=st.tuples(st.text("a.1{}", max_size=4), st.text("12.", max_size=4)),
    other=st.tuples(st.text("a.1{}", max_size=4), st.text("12.", max_size=4)),
    bodies=st.tuples(st.text("a.12", max_size=4), st.text("a.12", max_size=4)),
)
def test_no_two_deliveries_have_the_same_signature(
    one: tuple[str, str], other: tuple[str, str], bodies: tuple[str, str]
) -> None:
    """Where the parts end must be as certain as what they say."""
    assume((*one, bodies[0]) != (*other, bodies[1]))
    signatures = set()
    for (delivery_id, stamp), body in zip((one, other), bodies, strict=True):
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
            signatures.add(repr((delivery_id, stamp, body)))  # nobody would verify it

    assert len(signatures) == 2
