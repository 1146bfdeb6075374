"""Add a provider: write an adapter and a simulator that pass the contract suite."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent / "provider_template"
#: The templates by the path that each becomes; they speak of a provider called Acme.
FILES = {
    "functions/providers/acme/__init__.py": "",
    "functions/providers/acme/adapter.py": "adapter.py.txt",
    "local/simulators/acme.py": "simulator.py.txt",
    "tests/contract/acme_harness.py": "harness.py.txt",
    "docs/providers/acme.md": "document.md.txt",
}


@dataclass(frozen=True)
class Insertion:
    """A text that is put before or behind another one, which a file has once."""

    path: str
    text: str
    before: str = ""
    behind: str = ""


INSERTIONS = (
    Insertion(
        "functions/core/provider_settings.py",
        '''@dataclass(frozen=True, kw_only=True)
class AcmeSettings(ProviderSettings):
    """The settings of Acme that it does not document, or may change."""

    has_list: ClassVar[bool] = True
    list_kinds: ClassVar[tuple[str, ...]] = ("all",)

    max_source_records: int

    @property
    def max_list_records(self) -> int:
        """The most records of a list, blank ones and the like included."""
        return self.max_source_records


''',
        before="#: The settings class of each provider",
    ),
    Insertion(
        "functions/core/provider_settings.py",
        '    "acme": AcmeSettings,\n',
        behind="PROVIDERS: Mapping[str, type[ProviderSettings]] = {\n",
    ),
    Insertion(
        "functions/providers/registry.py",
        "    AcmeSettings,\n",
        behind="from functions.core.provider_settings import (\n",
    ),
    Insertion(
        "functions/providers/registry.py",
        """        case AcmeSettings():
            from functions.providers.acme.adapter import Acme  # noqa: PLC0415 - by need

            http = _http_client(settings)
            return Acme(settings, http=http, key=credentials.api_key, now=now)
""",
        before="""        case TxncheckSettings():
            return _txncheck(settings, credentials, now)
        case _:
            raise ValueError("no adapter""",
    ),
    Insertion(
        "cdk.json",
        """          "acme": {
            "base_url": "https://api.acme.example/v1",
            "types": ["email", "phone"],
            "extensions": [".csv", ".txt", ".tsv", ".jsonl"],
            "batches": [],
            "max_batch_requests": 0,
            "max_source_bytes": 268435456,
            "max_source_records": 2000000,
            "max_upload_bytes": 104857600,
            "max_result_bytes": 53687091200,
            "data_retention_days": null,
            "settle_seconds": 3600,
            "late_days": 7,
            "loopback": false,
            "poll": {
              "first_seconds": 12,
              "floor_seconds": 4,
              "growth": 0.1,
              "cap_seconds": 900,
              "jitter": 0.05,
              "hint_min_seconds": 1,
              "hint_max_seconds": 3600,
              "deadline_seconds": 86400
            },
            "rate": null,
            "webhook": null
          },
""",
        before='          "ipqs": {\n            "base_url"',
    ),
    Insertion(
        "tests/settings.py",
        "def acme_settings(**changes: Any) -> AcmeSettings:"
        "  # noqa: ANN401 - replace checks the names\n"
        '''    """Return the settings of Acme in the stage `dev`, with changes."""
    settings = _deployed("acme")
    assert isinstance(settings, AcmeSettings)
    return replace(settings, **changes)


''',
        before="def _deployed(",
    ),
    Insertion(
        "tests/settings.py",
        "    AcmeSettings,\n",
        behind="from functions.core.provider_settings import (\n",
    ),
    Insertion("tests/contract/conftest.py", '"acme", ', behind="HARNESSES = ("),
    Insertion(
        "tests/contract/conftest.py",
        "from local.simulators.acme import AcmeSimulator\n",
        before="from local.simulators.ipqs ",
    ),
    Insertion(
        "tests/contract/conftest.py",
        "from tests.contract.acme_harness import AcmeHarness\n",
        before="from tests.contract.fake_secret ",
    ),
    Insertion(
        "tests/contract/conftest.py",
        '''@pytest.fixture
def acme(
    tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> Iterator[AcmeHarness]:
    """Return the harness of Acme."""
    with AcmeSimulator.started(api_key=KEY) as simulator:
        yield from _without_leaks(AcmeHarness(simulator, tls=tls), caplog)
        assert simulator.unused == 0


''',
        before="@pytest.fixture\ndef shorten_deadlines(",
    ),
    Insertion("tests/unit/test_architecture.py", "acme|", behind='re.findall("'),
)


class NotAdded(Exception):
    """The provider was not added; the message says why, and nothing was written."""


def add(name: str, *, root: Path) -> list[str]:
    """Add a provider to the project in `root`; return the paths that were written.

    Raises:
        NotAdded: It has no usable name, exists, or a file is not as it was expected.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]{1,11}", name):
        raise NotAdded("a name has 2 to 12 small letters and digits")
    written: dict[str, str] = {}
    for path, template in FILES.items():
        target = _named(path, name)
        if (root / target).exists():
            raise NotAdded(f"{target} exists")
        text = (TEMPLATES / template).read_text("utf-8") if template else ""
        written[target] = _named(text, name)
    for insertion in INSERTIONS:
        path = insertion.path
        text = written.get(path) or (root / path).read_text("utf-8")
        place = insertion.before or insertion.behind
        if text.count(place) != 1:
            raise NotAdded(f"{path} does not have this once: {place!r}")
        new = _named(insertion.text, name)
        around = new + place if insertion.before else place + new
        written[path] = text.replace(place, around)
    for path, text in written.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return [*written]


def _named(text: str, name: str) -> str:
    return text.replace("Acme", name.capitalize()).replace("acme", name)


def main() -> int:
    """Add the provider that the command names, and print what to do next."""
    try:
        paths = add(sys.argv[1] if sys.argv[1:] else "", root=Path.cwd())
    except NotAdded as error:
        sys.stderr.write(f"Nothing was written: {error}. (make provider NAME=acme)\n")
        return 2
    sys.stdout.write("".join(f"wrote {path}\n" for path in paths))
    sys.stdout.write(
        "Now `make test T=tests/contract`. What is left to do is in "
        "docs/architecture.md, under *Where to put a new thing*.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
