"""The demo refuses at once what its stack would wait for in vain."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from functions.core.rows import JOINED_KIND
from functions.providers.txncheck.request_bodies import RequestBodies
from functions.tables.list_reading import read_list
from functions.tables.reader import ReadOptions
from infra import config
from local import demo
from local.demo_options import demo_type, source
from local.demo_results import show_rows
from local.stack import STAGE
from tests.contract.sources import BytesSource

_PROVIDERS = config.stage(STAGE, config.context()["courier"]).providers
_KINDS = [(name, type_) for name in _PROVIDERS for type_ in _PROVIDERS[name].types]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--type", "full-check"],
            "txncheck verifies full-check: make demo TYPE=full-check PROVIDER=txncheck",
        ),
        (["--type", "email", "--provider", "txncheck"], "PROVIDER=ipqs"),
        (["--type", "emial"], "ipqs verifies email, phone, proxy, url"),
        (["--provider", "x"], "there are ipqs, txncheck"),
        (["--file", "none.csv"], "cannot read none.csv: No such file or directory"),
        (["--file", "list.xls"], "ipqs takes files that end in .csv"),
        (["--file", "[red]x[/].pdf"], "not [red]x[/].pdf"),
    ],
)
def test_a_demo_that_cannot_be_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    """The inbox ignores such a file, and its job was awaited for ten minutes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("local.demo.running", lambda **_: pytest.fail("it started"))

    assert demo.main(arguments) == 2

    printed = capsys.readouterr()
    assert (printed.out, len(printed.err.splitlines())) == ("", 1)
    assert said in printed.err


def test_a_demo_that_could_not_keep_its_results_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """They would be gone with the stack, after a minute of waiting for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("local.demo.running", lambda **_: pytest.fail("it started"))
    Path("my.csv").write_text("email\na@example.com\n")
    Path("out").touch()

    assert demo.main(["--file", "my.csv"]) == 2

    assert "cannot write into out/" in capsys.readouterr().err


def test_a_provider_that_was_added_has_a_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has added one wants to see it at work, and had a traceback instead."""
    providers = {**_PROVIDERS, "acme": replace(_PROVIDERS["ipqs"], types=("phone",))}
    monkeypatch.setattr("local.demo_options._providers", lambda: providers)

    defaults = {provider: demo_type(provider, "") for provider in providers}

    assert defaults == {"ipqs": "email", "txncheck": "full-check", "acme": "phone"}


@pytest.mark.parametrize(("provider", "type_"), _KINDS)
def test_each_type_has_a_sample_that_its_provider_takes(
    tmp_path: Path, provider: str, type_: str
) -> None:
    """`make demo TYPE=phone` sent e-mail addresses."""
    name, content = source("", provider, type_)

    file = tmp_path / name
    file.write_bytes(content)
    assert file.suffix in _PROVIDERS[provider].extensions
    if _PROVIDERS[provider].max_list_records:
        reading = read_list(BytesSource(content), name, type_, ReadOptions())
        values = [record.value for record in reading.records() if record.value]
        assert reading.counts.records == 1_000
        assert reading.counts.sent == len(set(map(str.casefold, values)))
        assert reading.counts.duplicates == 20
    else:
        bodies = RequestBodies(upi_name="required", bank_async=False)
        fields = json.loads(content)
        assert bodies.valid_fields(type_, fields) == fields


def test_the_first_joined_rows_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever tries it out looks for the own rows with the verdict beside each."""
    joined = (
        "record,courier_status,courier_reason,courier_list,courier_duplicate_of,"
        "Name,E-Mail,ipqs_Valid\n"
        "1,verified,,clean,,Asha,asha@example.com,true\n"
        "2,duplicate,,clean,1,[b]Asha,ASHA@example.com,true\n"
    )
    numbers = {"records": 2, "blank": 0, "duplicates": 1, "not_sent": {}, "sent": 1}
    manifest = {
        "files": [{"kind": JOINED_KIND, "key": "joined.csv"}],
        "rows": {**numbers, "returned": 1, "verdict": "complete"},
    }

    show_rows(manifest, {"joined.csv": joined.encode()}.__getitem__, Console(width=100))

    lines = capsys.readouterr().out.splitlines()
    (row,) = (line for line in lines if line.startswith(" 2 "))
    cells = [cell.strip() for cell in row.split("│")]
    assert cells == ["2", "[b]Asha", "ASHA@example.com", "duplicate", "clean"]


def test_ctrl_c_ends_the_demo_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who stops it early wants to know whether anything is left."""

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("local.demo.running", interrupted)

    assert demo.main([]) == 130

    assert capsys.readouterr().err == (
        "Interrupted. The stack has ended, and its job with it.\n"
    )
