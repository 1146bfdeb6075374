"""What the demo writes into a pipe has no spaces at the ends of its lines."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import MagicMock

import pytest
from rich.console import Console

from functions.core.model import Job, PreparedList
from local import demo, demo_progress
from local.demo_progress import follow
from local.demo_results import show_files, show_rows
from local.execution_view import ExecutionView
from local.phases import Phases
from local.plain_lines import plain_lines
from local.stack import LocalStack
from tests.unit.test_phases import Terminal

_JOB = Job(
    job_id="j",
    provider="ipqs",
    type="email",
    prepared=PreparedList(records=12, sent=12),
)
_MANIFEST = {
    "files": [
        {
            "kind": "joined",
            "rows": 1,
            "bytes": 9,
            "sha256": "a" * 64,
            "key": "ipqs/email/1/joined.csv",
        }
    ],
    "absent": ["clean"],
    "rows": {
        "records": 1,
        "blank": 0,
        "duplicates": 0,
        "not_sent": {},
        "sent": 1,
        "returned": 1,
        "verdict": "complete",
    },
}
_JOINED = b"record,Name,courier_status,courier_list\n1,Asha,sent,clean\n2,B,blank,\n"


def test_the_demo_ends_no_line_with_a_space_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are what a diff, an editor or whoever keeps the output complains of."""

    @contextmanager
    def running(**_: object) -> Iterator[None]:
        yield None

    def run(*_: object, console: Console, **_kwargs: object) -> None:
        view = ExecutionView(
            status="SUCCEEDED",
            states=("Begin", "Prepare"),
            job=_JOB,
            next_check_at=0.0,
            error="",
        )
        monkeypatch.setattr(demo_progress, "_views", lambda *_: iter([view]))
        follow(MagicMock(LocalStack), "j", console, MagicMock(Phases))
        show_files(_MANIFEST, console)
        show_rows(_MANIFEST, lambda _: _JOINED, console)

    monkeypatch.setattr(demo, "running", running)
    monkeypatch.setattr(demo, "_run", run)
    assert demo.main([]) == 0

    lines = capsys.readouterr().out.splitlines()
    for words in ("Begin → Prepare", "SHA-256", "no such result", "Asha"):
        assert any(words in line for line in lines), words
    assert [line for line in lines if line.endswith(" ")] == []
    (counts,) = (line for line in lines if line.startswith("Records  "))
    assert counts.endswith("12 to send")  # and nothing of what comes next


def test_a_line_may_come_in_pieces_and_a_terminal_gets_all() -> None:
    """A space within a line is text; a terminal may write over one at its end."""
    piped, terminal = io.StringIO(), Terminal()
    for out in (piped, terminal):
        lines = plain_lines(out)
        lines.write("a ")
        lines.write("b  \n  c ")
        lines.write("\n ")
        lines.write(" d")

    assert piped.getvalue() == "a b\n  c\n  d"
    assert terminal.getvalue() == "a b  \n  c \n  d"
