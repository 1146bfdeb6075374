"""Links: a link is opened only if it leads to the provider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import LinkRefused
from functions.providers.protocol import Link
from tests.contract.examples import few_examples
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener

_HOST = "downloads.ipqualityscore.com"
_PATH = "/download?download=canary-token-that-is-long-enough-to-matter-1234567890"

_SCHEMES = ["ftp", "file", "gopher", "data", "javascript", "ws", "HTTPS", "Https", ""]
_AUTHORITIES = [
    "evil.example",
    f"{_HOST}.evil.example",
    f"evil.example.{_HOST}",
    f"evil{_HOST}",
    f"x.{_HOST}",
    f"{_HOST}.",
    f"{_HOST}..",
    f"{_HOST}:80",
    f"{_HOST}:8443",
    f"{_HOST}:0443",
    f"{_HOST}:443:443",
    f"{_HOST}:443:443:443",
    f"{_HOST}:",
    f"{_HOST}:443.",
    f"{_HOST}:+443",
    f"user@{_HOST}",
    f"user:password@{_HOST}",
    f"@{_HOST}",
    f":@{_HOST}",
    f"{_HOST}@evil.example",
    f"{_HOST}:443@evil.example",
    f"{_HOST}%40evil.example",
    f"{_HOST}%2eevil.example",
    f"{_HOST}%00.evil.example",
    f"{_HOST}%0d%0a",
    f"{_HOST}%23@evil.example",
    f"{_HOST}\\@evil.example",
    f"{_HOST}\\.evil.example",
    f"{_HOST}#@evil.example",
    f"{_HOST},evil.example",
    f"{_HOST};evil.example",
    f"{_HOST}&evil.example",
    f"{_HOST} evil.example",
    f"{_HOST}\tevil.example",
    f"{_HOST}\nevil.example",
    f"{_HOST}\r\nHost: evil.example",
    f"{_HOST}\x00evil.example",
    f"{_HOST}\u3002",
    f"{_HOST}\u200b",
    f" {_HOST}",
    f"\t{_HOST}",
    _HOST.upper(),
    _HOST.title(),
    _HOST.replace("i", "\u0456"),
    _HOST.replace("o", "\u043e"),
    _HOST.replace(".", "\uff0e"),
    _HOST.replace(".", "\u3002"),
    "xn--dwnloads-xfg.ipqualityscore.com",
    _HOST.replace("d", "\uff44"),
    "localhost",
    "localhost.localdomain",
    "LOCALHOST",
    "ip6-localhost",
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
    "0.0.0.0",  # noqa: S104 - nothing is bound, it is refused
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.169.254.nip.io",
    "metadata.google.internal",
    "instance-data",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1",
    "::1",
    "[v1.x]",
    f"[{_HOST}]",
    "224.0.0.1",
    "255.255.255.255",
    "1.1.1.1",
    "1.1.1.1:443",
    "\u2460\u2461\u2466.0.0.1",
    "kubernetes.default.svc",
    "sqs.us-east-1.amazonaws.com",
    "www.ipqualityscore.com",
    "ipqualityscore.com",
    "",
    ".",
    "..",
    "*",
    f"*.{_HOST[10:]}",
    "-",
    "_",
    "a" * 300,
]
_URLS = [
    "",
    " ",
    "\n",
    "/",
    "//",
    "///",
    f"//{_HOST}{_PATH}",
    f"/{_HOST}{_PATH}",
    f"{_HOST}{_PATH}",
    f"https:{_HOST}{_PATH}",
    f"https:/{_HOST}{_PATH}",
    f"https:///{_HOST}{_PATH}",
    f"https:////{_HOST}{_PATH}",
    f"https:\\\\{_HOST}{_PATH}",
    f"https:/\\{_HOST}{_PATH}",
    f"https://\\{_HOST}{_PATH}",
    f"https://{_HOST}{_PATH}#fragment",
    f"https://{_HOST}{_PATH}#",
    f"https://{_HOST}{_PATH} ",
    f" https://{_HOST}{_PATH}",
    f"\thttps://{_HOST}{_PATH}",
    f"\x00https://{_HOST}{_PATH}",
    f"https://{_HOST}{_PATH}\n",
    f"https://{_HOST}{_PATH}\r\nX-Header: y",
    f"https://{_HOST}{_PATH}\x00",
    f"https://{_HOST}{_PATH}\x7f",
    f"https://{_HOST}{_PATH}\xa0",
    f"https://{_HOST}{_PATH}\u202e",
    f"https://{_HOST}{_PATH}\ud800",
    f"https://{_HOST}{_PATH}<",
    f'https://{_HOST}{_PATH}"',
    f"https://{_HOST}{_PATH}`id`",
    f"https://{_HOST}{_PATH}{{x}}",
    f"https://{_HOST}{_PATH}|x",
    f"https://{_HOST}{_PATH}^x",
    f"https://{_HOST}{_PATH}" + "x" * 4096,
    f"https://{_HOST}/" + "x" * 8192,
    f"url=https://{_HOST}{_PATH}",
    f"https://https://{_HOST}{_PATH}",
    f"https+unix://{_HOST}{_PATH}",
    f"view-source:https://{_HOST}{_PATH}",
    f"ht\ttps://{_HOST}{_PATH}",
    f"https\n://{_HOST}{_PATH}",
    f"h\u0442tps://{_HOST}{_PATH}",
    "data:text/csv,Email",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://",
    "https://",
    "https://?",
    f"https://?{_HOST}",
    f"https://#{_HOST}",
]
_HOSTILE = [
    *(f"{scheme}://{_HOST}{_PATH}" for scheme in _SCHEMES),
    *(f"https://{authority}{_PATH}" for authority in _AUTHORITIES),
    *_URLS,
]


def _secret_link(ipqs: IpqsHarness, url: str) -> Link:
    ipqs.secrets.add(url if len(url) > 60 else _PATH)
    return Link(url, issued_at=0.0)


def test_has_at_least_150_different_links() -> None:
    """Duplicates prove nothing."""
    assert len(set(_HOSTILE)) == len(_HOSTILE) >= 150


@pytest.mark.fault(55)
def test_opens_no_hostile_link(ipqs: IpqsHarness, resolved_hosts: list[str]) -> None:
    """Whoever can write into the provider's answer could lead us anywhere."""
    adapter = ipqs.provider_with(download_hosts=(_HOST,), loopback=False)

    for url in _HOSTILE:
        link = _secret_link(ipqs, url)
        with ipqs.expect_error(LinkRefused):
            adapter.open(link, seconds=5)

    assert resolved_hosts == []


@pytest.mark.fault(55)
@few_examples
@given(url=st.text(max_size=60) | st.from_regex(r"https://[^/]{1,40}/[a-z?=]*"))
def test_opens_no_generated_link(
    ipqs: IpqsHarness, resolved_hosts: list[str], url: str
) -> None:
    """The list above has what people thought of; this has the rest."""
    adapter = ipqs.provider_with(download_hosts=(_HOST,), loopback=False)

    with ipqs.expect_error(LinkRefused):
        adapter.open(Link(url, issued_at=0.0), seconds=5)

    assert resolved_hosts == []


@pytest.fixture
def resolved_hosts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the hosts whose address is looked up, without a network."""
    hosts: list[str] = []

    def record(host: object, *_args: object, **_kwargs: object) -> list[object]:
        hosts.append(str(host))
        raise OSError(f"the test has no network for {host}")

    monkeypatch.setattr("socket.getaddrinfo", record)
    return hosts


@pytest.mark.parametrize("port", ["", ":443"])
def test_resolves_an_allowed_host(
    ipqs: IpqsHarness, resolved_hosts: list[str], port: str
) -> None:
    """The tests above would prove nothing if good links were refused as well."""
    adapter = ipqs.provider_with(download_hosts=(_HOST,), loopback=False)
    link = _secret_link(ipqs, f"https://{_HOST}{port}{_PATH}")

    with pytest.raises(Exception, match="did not answer"):
        adapter.open(link, seconds=5)

    assert resolved_hosts == [_HOST]


@pytest.mark.fault(54)
@pytest.mark.fault(55)
def test_sends_nothing_to_another_host_of_a_link(ipqs: IpqsHarness) -> None:
    """The API itself returns it here, and it is even on this machine."""
    with LoopbackListener.listening() as other_host:
        ipqs.simulator.behave(links_instead=f"{other_host.url}{_PATH}")
        link = ipqs.make_link(b"Email\n")

        with ipqs.expect_error(LinkRefused):
            ipqs.open(link)

        assert other_host.accept() is None


@pytest.mark.fault(54)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sends_nothing_to_an_allowed_name_at_a_private_address(
    ipqs: IpqsHarness, scheme: str
) -> None:
    """A name can point anywhere: the address is checked before any byte is sent."""
    with LoopbackListener.listening() as private_host:
        host = f"localhost:{private_host.port}"
        adapter = ipqs.provider_with(
            base_url=f"{scheme}://{host}", download_hosts=(host,), loopback=False
        )

        with ipqs.expect_error(LinkRefused):
            adapter.open(_secret_link(ipqs, f"{scheme}://{host}{_PATH}"), seconds=5)
        with ipqs.expect_error(LinkRefused):
            adapter.check("3000001")

        assert set(iter(private_host.accept, None)) == {b""}


def test_shows_no_link_in_its_text() -> None:
    """A link in a log line is a result that anybody can fetch."""
    link = Link(f"https://{_HOST}{_PATH}", issued_at=7.0)

    assert repr(link) == str(link) == "Link(issued_at=7.0)"
