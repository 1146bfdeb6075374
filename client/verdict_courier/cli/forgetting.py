"""Forget values: read which they are, and have their verdicts erased in pieces."""

import csv
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import shtab

from verdict_courier.api_client import ApiClient
from verdict_courier.cli import argument_types
from verdict_courier.cli.display import Display
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import printable

#: What the API takes in one request: values, and bytes of them.
_MOST_VALUES, _MOST_BYTES = 100, 15_000


def add_arguments(forget: ArgumentParser) -> None:
    """Add the arguments that no other command has."""
    forget.add_argument("values", nargs="*", metavar="VALUE", help="what to forget")
    file = forget.add_argument(
        "--file",
        type=argument_types.file,
        help="more values: one a line, or the first column of a CSV",
    )
    file.complete = shtab.FILE  # type: ignore[attr-defined] # shtab reads it


def forget(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Erase what is remembered of values."""
    values = [*options.values, *_values_in(options.file)]
    if not values:
        raise Misused("name values, or a file of them with --file")
    request = {"provider": options.provider, "type": options.type}
    forgotten = 0
    try:
        for together in _pieces(values):
            body = {**request, "values": together}
            forgotten += api.call("POST", "/memory/forget", body)["forgotten"]
    finally:  # also of those before a call that failed
        display.values({"values": len(values), "forgotten": forgotten})
    return ExitCode.DONE


def _values_in(file: Path | None) -> list[str]:
    """Return the first cell of each line that has any."""
    if file is None:
        return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            cells = [row[0].strip() for row in csv.reader(opened) if row]
    except (UnicodeDecodeError, csv.Error):
        raise Misused(f"{printable(file)} is no CSV in UTF-8") from None
    return [cell for cell in cells if cell]


def _pieces(values: list[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    size = 0
    for value in values:
        length = len(json.dumps(value)) + 2
        if piece and (len(piece) == _MOST_VALUES or size + length > _MOST_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(value)
        size += length
    yield piece
