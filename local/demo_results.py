"""Show what a job has delivered: its files, its numbers and the first joined rows."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from functions.core.provider_settings import PROVIDERS
from functions.core.rows import JOINED_KIND

_SHOWN_ROWS = 9
#: The columns of the uploader that are shown, of perhaps many.
_SHOWN_COLUMNS = 3


def show_files(manifest: Mapping[str, Any], console: Console) -> None:
    """Show the files that the manifest names."""
    table = Table(show_edge=False)
    table.add_column("kind")
    for column in ("rows", "bytes", "SHA-256"):
        table.add_column(column, justify="right")
    table.add_column("object")
    for file in manifest["files"]:
        table.add_row(
            file["kind"],
            f"{file['rows']:,}",
            f"{file['bytes']:,}",
            f"{file['sha256'][:12]}…",
            Path(file["key"]).name,
        )
    for kind in manifest["absent"]:
        table.add_row(kind, "", "", "", "no such result")
    console.print()
    folder = Path(manifest["files"][0]["key"]).parent
    console.print(f"Results in the bucket, under {folder}/", soft_wrap=True)
    console.print(table)


def keep_files(
    manifest: Mapping[str, Any],
    read: Callable[[str], bytes],
    folder: Path,
    console: Console,
) -> None:
    """Keep the files of the job, which are gone with its stack, and say where.

    Raises:
        OSError: The folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in manifest["files"]:
        (folder / Path(file["key"]).name).write_bytes(read(file["key"]))
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    console.print(Text(f"They are kept in {folder}/"), soft_wrap=True)


def show_rows(
    manifest: Mapping[str, Any], read: Callable[[str], bytes], console: Console
) -> None:
    """Show the numbers of rows, and the first joined rows where there are some.

    `read` returns the content of an object in the results bucket.
    """
    rows = manifest["rows"]
    if "records" in rows:
        console.print(
            f"\nRecords: {rows['records']:,}, of which {rows['blank']:,} blank, "
            f"{rows['duplicates']:,} duplicates, {sum(rows['not_sent'].values()):,} "
            f"not fit to send, {rows['sent']:,} sent; {rows['returned']:,} came back. "
            f"Verdict: [bold]{rows['verdict']}[/].",
            soft_wrap=True,
        )
        for file in manifest["files"]:
            if file["kind"] == JOINED_KIND:
                _show_joined(read(file["key"]).decode(), console)
        return
    received = max(rows["received"].values(), default=0)
    removed = "removed (duplicates)" if rows["verdict"] == "complete" else "missing"
    console.print(
        f"\nRows: {rows['sent']:,} sent, "
        f"{rows['removed'] or 0:,} {removed}, "
        f"{received:,} received ({rows['invalid']:,} of them invalid). "
        f"Verdict: [bold]{rows['verdict']}[/].",
        soft_wrap=True,
    )


def _show_joined(content: str, console: Console) -> None:
    rows = csv.DictReader(io.StringIO(content, newline=""))
    names = list(rows.fieldnames or ())
    others = ("record", "courier_", *(f"{provider}_" for provider in PROVIDERS))
    own = [n for n in names if not n.startswith(others)]
    shown = ["record", *own[:_SHOWN_COLUMNS], "courier_status", "courier_list"]
    table = Table(*shown, show_edge=False)
    for row in islice(rows, _SHOWN_ROWS):
        table.add_row(*(Text(row[name]) for name in shown))
    console.print(
        "\nThe first rows of joined.csv, which has the uploader's own columns and the "
        f"provider's ({len(names)} in all):",
        soft_wrap=True,
    )
    console.print(table)
