"""The harness of IPQS."""

import ssl
from collections.abc import Mapping
from typing import Any

from functions.core.body import Body
from functions.core.stream_stats import StreamStats
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.protocol import Link
from functions.providers.transport.http import HttpClient
from local.simulators.ipqs import Answer, Content, IpqsSimulator
from tests.contract.fake_secret import FakeSecret
from tests.contract.harness import KEY, AdapterHarness, read_body
from tests.contract.loopback_hosts import unused_base_url
from tests.contract.sources import EMAIL_LIST
from tests.settings import ipqs_settings


def make_provider(
    simulator: IpqsSimulator,
    *,
    tls: ssl.SSLContext,
    key: FakeSecret | None = None,
    loopback: bool = True,
    **settings: Any,  # noqa: ANN401 - the fields of IpqsSettings, which checks them
) -> Ipqs:
    """Return an adapter for the simulator that follows its clock."""
    defaults = {
        "base_url": simulator.base_url,
        "download_hosts": (simulator.download_host,),
    }
    return Ipqs(
        ipqs_settings(loopback=loopback, **{**defaults, **settings}),
        http=HttpClient(tls=tls, loopback=loopback),
        key=key or FakeSecret(KEY),
        now=simulator.clock.now,
    )


class IpqsHarness(AdapterHarness):
    """The harness with what only tests of IPQS need."""

    simulator: IpqsSimulator
    provider: Ipqs

    def __init__(self, simulator: IpqsSimulator, *, tls: ssl.SSLContext) -> None:
        key = FakeSecret(KEY)
        self.tls = tls
        super().__init__(
            provider=make_provider(simulator, tls=tls, key=key),
            key=key,
            simulator=simulator,
            submit_call="upload",
            check_call="status",
            list_call="list",
            list_type="email",
            file=EMAIL_LIST,
            file_name="list.csv",
            file_row_count=40,
            unknown_ref="9999999",
            impossible_refs=("-1", "1" * 20, "7a"),
            unreachable_provider=make_provider(
                simulator, tls=tls, base_url=unused_base_url()
            ),
            base_url=simulator.base_url,
            deadline_constants=(
                "functions.providers.ipqs.adapter._CALL_SECONDS",
                "functions.providers.ipqs.adapter._UPLOAD_SECONDS",
            ),
            now=simulator.clock.now,
            accepted_count=lambda: len(simulator.csvs),
            finish=lambda: simulator.clock.advance(3600),
            expected_rows=self._rows,
        )

    def provider_with(
        self,
        **settings: Any,  # noqa: ANN401 - the fields of IpqsSettings, which checks them
    ) -> Ipqs:
        """Return another adapter for the same simulator."""
        return make_provider(self.simulator, tls=self.tls, key=self.key, **settings)

    def make_link(self, content: bytes | int | Content, *answers: Answer) -> Link:
        """Return a link to a result; queue answers to its downloads."""
        csv_id = self.simulator.add_finished(results={"all": content})
        self.script("download", *answers)
        return self.result_links(str(csv_id))["all"]

    def open(self, link: Link, *, seconds: float = 20.0) -> Body:
        """Open a link."""
        return self.provider.open(link, type_="email", seconds=seconds)

    def download(
        self, link: Link, *, seconds: float = 20.0
    ) -> tuple[bytes, StreamStats]:
        """Open a link and read its body to the end."""
        return read_body(self.open(link, seconds=seconds))

    def _rows(self) -> Mapping[str, int]:
        (csv,) = self.simulator.csvs
        return {kind: rows for kind, rows in csv.results.items() if rows}
