"""Links: only a plain https URL of an allow-listed host is ever opened."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import LinkRefused
from functions.providers.transport.links import check_link

HOST = "downloads.example.com"
GOOD = f"https://{HOST}/download?download=aB3&filename=List+1%2C+All.csv"

HOSTS = [
    *("evil.example", "example.com", f"{HOST}.evil.example", f"x{HOST}", f"x.{HOST}"),
    *(f"{HOST}.", f".{HOST}", f"{HOST}..", HOST.upper(), "Downloads.example.com"),
    *(f"u@{HOST}", f"u:p@{HOST}", f"{HOST}@evil.example", f"@{HOST}", f":@{HOST}"),
    *(f"{HOST}:443@evil.example", f"evil.example:443@{HOST}", f"{HOST}%40evil.example"),
    *(f"{HOST}:80", f"{HOST}:8443", f"{HOST}:", f"{HOST}:0443", f"{HOST}:443:443"),
    *(f"{HOST}:65536", f"{HOST}:-1", f"{HOST}:x", f"{HOST}:443.", "", ":443", "@"),
    *("localhost", "localhost.", "LOCALHOST", "localhost:443", "localhost.localdomain"),
    *("127.0.0.1", "127.1", "0.0.0.0", "0", "2130706433", "0x7f000001", "017700000001"),  # noqa: S104 - nothing binds to it: it is refused
    *("0177.0.0.1", "0x7f.1", "127.0.0.1.", "10.0.0.1", "192.168.0.1", "172.16.0.1"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]"),
    *("[fe80::1%25eth0]", "[::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[", "]", "[::1"),
    *("metadata.google.internal", "instance-data", "100.100.100.200", "8.8.8.8"),
    *(
        "d\u043ewnloads.example.com",
        "downloads。example。com",
        "\u217eownloads.example.com",
    ),
    *(
        "downloads.example\uff0ecom",
        "xn--dwnloads-r4g.example.com",
        "downloads.exämple.com",
    ),
    *(f"{HOST}%2eevil.example", f"{HOST}%00", "%64ownloads.example.com", f"{HOST}%20"),
    *(f"{HOST},evil.example", f"{HOST};evil.example", f"{HOST}&evil", f"{HOST}!"),
    *("downloads-example.com", "downloads.example.co", "downloadsexample.com", "com"),
    *("127.0.0.1.nip.io", f"{HOST}.nip.io", "*.example.com", "*", "downloads.*.com"),
]
SCHEMES = [
    *(
        "http",
        "HTTPS",
        "Https",
        "httpss",
        "ftp",
        "file",
        "gopher",
        "data",
        "javascript",
    ),
    *("ws", "wss", "s3", "jar", "dict", "ldap", "sftp", "tftp", "blob", "about", ""),
]
SIGNS = [
    *("\\", "\t", "\n", "\r", "\x00", "\x0b", "\x1f", "\x7f", " ", '"', "<", ">", "#"),
    *(
        "^",
        "`",
        "{",
        "}",
        "|",
        "\u00a0",
        "\u2028",
        "\u202e",
        "\u200b",
        "é",
        "。",
        "\ufeff",
    ),
]
OTHER = [
    *(
        "",
        " ",
        "https",
        "https:",
        "https:/",
        "https://",
        "https:///",
        HOST,
        f"//{HOST}/",
    ),
    *(
        f"https:{HOST}/x",
        f"https:/{HOST}/x",
        f"https:///{HOST}/x",
        f"https:////{HOST}/",
    ),
    *(f"https://?{HOST}", f"https:?//{HOST}/", f"/{HOST}", f"https//{HOST}/"),
    *(f"url:https://{HOST}/", f"view-source:https://{HOST}/", f"https::{HOST}/"),
    GOOD + "a" * 8_192,
]
CORPUS = [
    *(f"https://{host}/download?x=1" for host in HOSTS),
    *(f"{scheme}://{HOST}/x" for scheme in SCHEMES),
    *(f"https://{HOST}/a{sign}b" for sign in SIGNS),
    *(f"https://evil.example{sign}@{HOST}/" for sign in SIGNS),
    *(f"{GOOD}{sign}" for sign in SIGNS),
    *(f"{sign}{GOOD}" for sign in SIGNS),
    *OTHER,
]


def allowed(url: str) -> bool:
    """Tell whether a link would be opened."""
    try:
        check_link(url, hosts=(HOST,), schemes=("https",))
    except LinkRefused:
        return False
    return True


@pytest.mark.fault(55)
def test_the_corpus_of_hostile_links_is_large() -> None:
    """A short list of attacks is a list of the attacks that came to mind."""
    assert len(set(CORPUS)) >= 150


@pytest.mark.fault(55)
@pytest.mark.parametrize("url", CORPUS, ids=range(len(CORPUS)))
def test_a_hostile_link_is_refused_without_being_quoted(url: str) -> None:
    """A link comes from outside, and what it says is a secret even so."""
    with pytest.raises(LinkRefused) as caught:
        check_link(url, hosts=(HOST,), schemes=("https",))

    assert HOST not in str(caught.value)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(GOOD, id="as documented"),
        pytest.param(f"https://{HOST}:443/x", id="the scheme's own port"),
        pytest.param(f"https://{HOST}", id="no path"),
        pytest.param(f"https://{HOST}?download=a", id="only a query"),
    ],
)
def test_a_plain_link_is_allowed(url: str) -> None:
    """A rule that refuses good links loses results that are paid for."""
    assert allowed(url)


@pytest.mark.fault(55)
@given(
    url=st.text(max_size=80)
    | st.text("htps:/@.\\#?[]%0125exampldown-", max_size=60).map("https://".__add__)
    | st.text(max_size=20).map(f"https://{HOST}".__add__)
)
def test_what_is_allowed_leads_to_the_host(url: str) -> None:
    """Whatever the link holds, nothing but the allow-listed host is spoken to."""
    if allowed(url):
        assert urlsplit(url).netloc.removesuffix(":443") == HOST
