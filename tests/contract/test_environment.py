"""Environment: nothing outside the settings says where we go, or as whom."""

import json
import logging
from pathlib import Path

import pytest

from functions.core.errors import ProviderUnavailable
from functions.core.model import Phase
from functions.providers.ipqs.adapter import IpqsSettings
from functions.providers.transport.http import HttpResponse
from local.simulators.ipqs import Answer
from tests.contract.canary import encodings, error_text, find_leaks
from tests.contract.harness import KEY, read_body
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener
from tests.contract.sources import BytesSource

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.mark.fault(68)
def test_goes_through_no_proxy_of_the_environment(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy sees every address, and our addresses hold keys and links."""
    with LoopbackListener.listening() as proxy:
        for name in (*_PROXIES, *map(str.lower, _PROXIES)):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")

        reference = ipqs.provider.submit("our-name", "email", BytesSource())
        ipqs.finish()
        rows = read_body(ipqs.open(ipqs.results(reference)["all"]))[1].rows

        assert rows == 40
        assert not proxy.connected


@pytest.mark.fault(68)
def test_takes_no_password_from_a_netrc(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would be sent to the provider, in place of what the settings say."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    reference = ipqs.provider.submit("our-name", "email", BytesSource())
    ipqs.finish()
    read_body(ipqs.open(ipqs.results(reference)["all"]))

    assert all("authorization" not in seen.headers for seen in ipqs.simulator.requests)


@pytest.mark.fault(68)
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_takes_no_authorities_from_the_environment(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whom we trust is in the package; a missing file must not stop us either."""
    monkeypatch.setenv(name, "/nowhere/at-all.pem")

    reference = ipqs.provider.submit("our-name", "email", BytesSource())

    assert ipqs.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(26)
@pytest.mark.parametrize("logger", ["urllib3", "requests"])
def test_lets_no_library_write_addresses_into_logs(
    ipqs: IpqsHarness, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    """Their debug lines and warnings quote whole addresses, key included."""
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
    assert [each for each in caplog.records if each.name.startswith(logger)] == []


def test_shows_no_answer_in_its_text() -> None:
    """A raw answer repeats the key, and carries live links."""
    reply = HttpResponse(200, {"X": KEY}, KEY.encode())

    assert repr(reply) == str(reply) == "HttpResponse(status=200)"


def test_reads_its_settings_as_the_deployment_writes_them() -> None:
    """What cdk.json says is what the adapter would do by itself."""
    context = json.loads(Path("cdk.json").read_text())["context"]
    settings = context["courier"]["every_stage"]["providers"]["ipqs"]

    assert IpqsSettings.from_json(settings) == IpqsSettings()


@pytest.mark.parametrize("form", sorted(encodings(KEY)))
def test_finds_the_canary_in_every_form(form: str) -> None:
    """A search that never finds anything would make every test above pass."""
    assert find_leaks(f"before {form} after", {KEY})


def test_finds_the_canary_in_a_chain_of_errors() -> None:
    """What a handler prints of an error is the whole chain, with its attributes."""

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
