"""Print the output of commands, as text for people or as JSON for scripts."""

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from rich.live import Live
from rich.table import Table
from rich.text import Text

from verdict_courier.api_description import has_unproven_rows
from verdict_courier.cli import texts
from verdict_courier.cli.error_texts import error_name, error_text
from verdict_courier.cli.job_facts import CommandLine, facts
from verdict_courier.cli.job_table import Column, fitting, lines, list_columns
from verdict_courier.cli.terminal import StreamConsole
from verdict_courier.cli.texts import Document, moment, plain, printable
from verdict_courier.console.logs import LogLine
from verdict_courier.stack_checks import Finding

#: The least width of the column of names.
_NAME_WIDTH = 12


class Display:
    """Prints the output of a command; notes and errors go to the error stream.

    Times are shown in `zone`, None for the local one. `is_local` says that the jobs are
    those of a stack on this machine. `command` words a command line on their stack.
    """

    def __init__(
        self,
        *,
        as_json: bool,
        zone: tzinfo | None = None,
        is_local: bool = False,
        command: CommandLine = lambda *words: shlex.join(("courier", *words)),
    ) -> None:
        self._as_json = as_json
        self.zone = zone
        self._is_local = is_local
        self._command = command
        self._out = StreamConsole()
        self._notes = StreamConsole(stderr=True)
        # Not what rich takes for a terminal: a variable can say so of a pipe as well.
        self._is_terminal = sys.stdout.isatty()

    def job(self, job: Document) -> None:
        """Print one job."""
        if self._as_json:
            self._print_json(job)
            return
        for name, value in facts(
            job, self.zone, is_local=self._is_local, command=self._command
        ):
            self._print_fact(name, value)

    def jobs(self, jobs: Iterable[Document]) -> None:
        """Print a table of jobs."""
        self.table(list_columns(self.zone), list(jobs), fitting)

    def table(
        self,
        columns: Sequence[Column],
        jobs: Sequence[Document],
        draw: Callable[[Sequence[Column], Sequence[Document], int], Table],
    ) -> None:
        """Print columns of jobs, with `draw` for a terminal."""
        if self._as_json:
            self._print_json(jobs)
        elif self._is_terminal:
            self._out.print(draw(columns, jobs, self.width), soft_wrap=False)
        else:
            for line in lines(columns, jobs):
                self._out.write_line(line)

    def files(self, files: Iterable[Document]) -> None:
        """Print result files and where they are."""
        listed = list(files)
        if self._as_json:
            self._print_json(listed)
            return
        width = max((len(printable(file["kind"])) for file in listed), default=0)
        for file in listed:
            rows, place = printable(file["rows"]), printable(file["place"])
            if self._is_terminal:
                rows = f"{rows:>10} rows "
            separator = " " if self._is_terminal else "\t"
            value = Text(f"{rows}{separator}{place}")
            self._print_fact(file["kind"], value, width=width)

    def values(self, values: Mapping[str, int | str]) -> None:
        """Print numbers and texts by their names."""
        if self._as_json:
            self._print_json(values)
            return
        for name, value in values.items():
            self._print_fact(
                name, plain(f"{value:,}" if isinstance(value, int) else value)
            )

    def sentence(self, text: str, *, of: Document) -> None:
        """Print what is to say of a document, or the document."""
        if self._as_json:
            self._print_json(of)
        else:
            self._out.print(plain(text))

    def error_lines(self, lines: Sequence[Document]) -> None:
        """Print what the provider said about a failure, of each row of a batch."""
        if self._as_json:
            self._print_json(lines)
            return
        for line in lines:
            self._print_fact(error_name(line), plain(error_text(line)))

    def log_lines(self, log: Sequence[LogLine]) -> None:
        """Print what functions logged, a line for each."""
        if self._as_json:
            self._print_json([asdict(line) for line in log])
            return
        for line in log:
            at = moment(line.at, self.zone)
            if self._is_terminal:
                when = f"{at:%H:%M:%S}" if at else line.at
                words = f"{when} {line.level:<7} {line.function}  {line.message}"
                style = {"ERROR": "red", "WARNING": "yellow"}.get(line.level, "")
                more = Text(f"  {printable(line.fields)}", "dim")
                self._out.print(Text.assemble(plain(words, style), more))
            else:
                values = (line.at, line.level, line.function, line.message, line.fields)
                self._out.write_line("\t".join(map(printable, values)))

    def finding(self, finding: Finding) -> None:
        """Print what a check has seen, and what to do if it is no good."""
        if self._as_json:
            self._out.write_line(json.dumps(asdict(finding)))
            return
        sign = {True: "✓", False: "✗", None: "?"}[finding.ok]
        self._out.print(plain(f"{sign} {finding.what:<24} {finding.seen}"))
        if finding.ok is not True and finding.advice:
            self._out.print(plain(f"    {finding.advice}"))

    def verdict(self, verdict: str | None) -> None:
        """Print the verdict on the rows of results; to scripts only a bad one."""
        if verdict is not None and not self._as_json:
            self._print_fact("verdict", texts.verdict_text(verdict))
        elif has_unproven_rows(verdict):
            self._notes.print(Text.assemble("verdict ", texts.verdict_text(verdict)))

    @property
    def width(self) -> int:
        """The number of characters of a line in the terminal."""
        return self._out.width

    @property
    def is_live(self) -> bool:
        """Whether output can be replaced: in a terminal, and not as JSON."""
        is_able = self._is_terminal and not self._out.is_dumb_terminal
        return is_able and not self._as_json

    @contextmanager
    def live(self) -> Iterator[Live]:
        """Yield an area of the terminal that can be redrawn."""
        with Live(console=self._out, auto_refresh=False, screen=False) as live:
            yield live

    @contextmanager
    def progress(self) -> Iterator[Callable[[Document | str], None]]:
        """Yield a function that shows a job's progress, or a note, in place."""
        with self._notes.status("", spinner=self._notes.spinner) as line:

            def show(news: Document | str) -> None:
                if isinstance(news, str):
                    line.update(plain(news))
                else:
                    line.update(texts.progress(news, self.zone))

            yield show

    def address(self, address: str) -> None:
        """Print a URL."""
        self._out.print(plain(address))

    def script(self, script: str) -> None:
        """Print a script of our own for a shell."""
        self._out.write_line(script)

    def note(self, text: str) -> None:
        """Print a note."""
        self._notes.print(plain(text))

    def error(self, text: str) -> None:
        """Print an error message."""
        self._notes.print(Text.assemble(("✗", "red"), " ", plain(text)))

    def _print_fact(self, name: str, value: Text, *, width: int = 0) -> None:
        if self._is_terminal:
            column = max(width, _NAME_WIDTH)
            self._out.print(Text.assemble(f"{printable(name):<{column}} ", value))
        else:
            self._out.write_line(f"{printable(name)}\t{value.plain}")

    def _print_json(self, document: Any) -> None:  # noqa: ANN401 - any JSON
        self._out.write_line(json.dumps(document, indent=2))
