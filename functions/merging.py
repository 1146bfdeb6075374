"""Merging: put the results of several shards into one CSV, header once."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence

from functions.core.errors import RowsUnjoinable

#: Reads a result from its beginning, chunk by chunk; no chunk is empty.
Opener = Callable[[], Iterable[bytes]]
#: More than that is no header.
_LONGEST_HEADER = 1024 * 1024
_ROWS_AT_ONCE = 1000


def merged(results: Sequence[Opener]) -> Iterator[bytes]:
    """Yield the bytes of all results as one CSV, with bounded memory.

    Where all have the same header, their bytes stay as they are, besides the headers of
    all but the first. Where headers differ, columns are put together by their names.

    Raises:
        RowsUnjoinable: Headers differ, and one of the results is no table.
    """
    headers = [_first_record(result()) for result in results]
    if len({_plain(header) for header in headers}) > 1:
        yield from _by_name(results)
        return
    end = b"\n"
    for number, result in enumerate(results):
        rest = _after(result(), len(headers[number]) if number else 0)
        for place, chunk in enumerate(rest):
            if place == 0 and end != b"\n":
                yield b"\n"  # which the file before lacks
            yield chunk
            end = chunk[-1:]


def _after(chunks: Iterable[bytes], skipped: int) -> Iterator[bytes]:
    """Yield what comes after the first `skipped` bytes."""
    for chunk in chunks:
        if len(chunk) > skipped:
            yield chunk[skipped:]
        skipped = max(0, skipped - len(chunk))


def _first_record(chunks: Iterable[bytes]) -> bytes:
    """Return the first record with its line break; a quoted cell may have others."""
    head, searched, quotes = b"", 0, 0
    for chunk in chunks:
        head += chunk
        while (found := head.find(b"\n", searched)) >= 0:
            quotes += head.count(b'"', searched, found)
            searched = found + 1
            if quotes % 2 == 0:
                return head[:searched]
        if len(head) > _LONGEST_HEADER:
            raise RowsUnjoinable("the header of a result does not end")
    return head


def _plain(header: bytes) -> bytes:
    return header.removeprefix(BOM_UTF8).rstrip(b"\r\n")


def _by_name(results: Sequence[Opener]) -> Iterator[bytes]:
    """Write the rows of all results under the columns of all of them.

    Of columns with one name, the second of a result goes below the second of another.
    """
    headers = [next(_rows(result()), []) for result in results]
    places: dict[tuple[str, int], int] = {}
    for header in headers:
        for column in _columns(header):
            places.setdefault(column, len(places))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name for name, _ in places)
    for header, result in zip(headers, results, strict=True):
        own = [places[column] for column in _columns(header)]
        for number, cells in enumerate(_rows(result())):
            if not number or not cells:
                continue  # the header, or a blank line
            if len(cells) != len(own):
                raise RowsUnjoinable("headers of results differ, and so do rows")
            row = [""] * len(places)
            for place, cell in zip(own, cells, strict=True):
                row[place] = cell
            writer.writerow(row)
            if number % _ROWS_AT_ONCE == 0:
                yield _taken(text)
    if rest := _taken(text):
        yield rest


def _taken(text: io.StringIO) -> bytes:
    content = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return content


def _columns(header: Sequence[str]) -> list[tuple[str, int]]:
    """Return each column's name, with how many before it have the same."""
    return [(name, header[:place].count(name)) for place, name in enumerate(header)]


def _rows(chunks: Iterable[bytes]) -> Iterator[list[str]]:
    reader = csv.reader(_lines(chunks), strict=True)
    try:
        yield from reader
    except csv.Error:
        raise RowsUnjoinable(
            f"headers of results differ, and line {reader.line_num} of one is not CSV"
        ) from None


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8-sig", "replace") + "\n"
    if rest:
        yield rest.decode("utf-8-sig", "replace")
