"""Environment: proxies, passwords and authorities in it are ignored."""

import logging
from pathlib import Path

import pytest

from functions.core.errors import ProviderUnavailable
from functions.core.model import Phase
from functions.providers.transport.http import HttpResponse
from local.simulators.ipqs import Answer
from tests.canary import encodings, error_text, find_leaks
from tests.contract.harness import KEY
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.mark.fault(68)
def test_ignores_proxies_of_the_environment(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy sees every URL, and our URLs hold keys and links."""
    with LoopbackListener.listening() as proxy:
        for name in (*_PROXIES, *map(str.lower, _PROXIES)):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")

        reference = ipqs.submit()
        ipqs.finish()
        rows = ipqs.download(ipqs.result_links(reference)["all"])[1].rows

        assert rows == 40
        assert proxy.accept() is None


@pytest.mark.fault(68)
def test_ignores_passwords_of_a_netrc(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They would be sent to the provider instead of what the settings say."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    reference = ipqs.submit()
    ipqs.finish()
    ipqs.download(ipqs.result_links(reference)["all"])

    assert all(
        "authorization" not in request.headers for request in ipqs.simulator.requests
    )


@pytest.mark.fault(68)
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_ignores_authorities_of_the_environment(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Trusted authorities come with the package; a missing file must not stop us."""
    monkeypatch.setenv(name, "/nowhere/at-all.pem")

    reference = ipqs.submit()

    assert ipqs.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(26)
@pytest.mark.parametrize("logger", ["urllib3", "requests"])
def test_lets_no_library_log_urls(
    ipqs: IpqsHarness, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    """Their debug lines and warnings quote whole URLs, keys included."""
    ipqs.script("status", Answer(headers=(("Broken header", "x"),)))

    with caplog.at_level(logging.DEBUG), ipqs.expect_error(ProviderUnavailable):
        ipqs.unreachable_provider.check("3000001")
    with caplog.at_level(logging.DEBUG):
        ipqs.script("status", Answer.html(500))
        with pytest.raises(Exception, match="answer"):
            ipqs.provider.check("3000001")
        with pytest.raises(Exception, match="answer"):
            ipqs.provider.check("3000001")

    assert logging.getLogger(f"{logger}.anything").getEffectiveLevel() == logging.ERROR
    assert [r for r in caplog.records if r.name.startswith(logger)] == []


def test_shows_no_response_in_its_text() -> None:
    """A raw response repeats the key and has live links."""
    response = HttpResponse(200, {"X": KEY}, KEY.encode())

    assert repr(response) == str(response) == "HttpResponse(status=200)"


@pytest.mark.parametrize("form", sorted(encodings(KEY)))
def test_finds_a_secret_in_every_encoding(form: str) -> None:
    """A search that never finds anything would make every other test pass."""
    assert find_leaks(f"before {form} after", {KEY})


def test_finds_a_secret_in_a_chain_of_errors() -> None:
    """A handler shows the whole chain of an error, with all attributes."""

    def raised_in(context: Exception, *, hide: bool) -> Exception:
        try:
            try:
                raise context
            except ValueError:
                if hide:
                    raise ProviderUnavailable("it failed") from None
                raise ProviderUnavailable("it failed")  # noqa: B904 - the leak to be found
        except ProviderUnavailable as error:
            return error

    assert find_leaks(error_text(raised_in(ValueError(KEY), hide=False)), {KEY})
    assert not find_leaks(error_text(raised_in(ValueError(KEY), hide=True)), {KEY})
    assert find_leaks(error_text(ProviderUnavailable(f"at {KEY}")), {KEY})
