"""Workbook: read the first sheet of an Excel workbook (.xlsx) as a table."""

import posixpath
from collections.abc import Generator, Sequence
from itertools import islice

from functions.core.errors import SourceEmpty
from functions.core.source import Source
from functions.tables.dialect import SAMPLE_RECORDS
from functions.tables.number_format import Formatter, formatter, plain_number
from functions.tables.packed_parts import PackedParts, damaged
from functions.tables.reader import Record, refusal
from functions.tables.shared_texts import SharedTexts
from functions.tables.sheet_rows import SheetRows
from functions.tables.text import Unreadable
from functions.tables.xml_events import start_tags

#: What the formats of cells stand beside, in the file of the styles.
_GROUPS = {"numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs"}
_GROUPS |= {"cellStyles", "dxfs", "tableStyles", "colors", "extLst"}


class WorkbookTable:
    """The first sheet that is shown, as a table; each reading begins anew.

    It has what `functions.tables.reader.Table` has; a record's line is its row. Blank
    rows behind the last one with anything are no records.
    """

    encoding = separator = ""

    def __init__(self, source: Source) -> None:
        self._parts = PackedParts(source)
        workbook = _main_part(self._parts)
        related = _related(self._parts, workbook)
        sheets, is_1904 = _sheets(self._parts, workbook)
        shown = [
            target
            for identifier, state in sheets
            for kind, target in [related.get(identifier, ("", ""))]
            if kind == "worksheet" and state == "visible"
        ]
        if not shown:
            raise SourceEmpty("the workbook has no sheet that is shown")
        self._sheet = shown[0]
        self._notes: dict[str, None] = {}
        if len(shown) > 1:
            self._notes[f"the first of {len(shown):,} sheets was read"] = None
        targets = dict(related.values())
        self._formats = _formats(self._parts, targets.get("styles"), is_1904=is_1904)
        texts = targets.get("sharedStrings")
        self._texts = SharedTexts(self._parts.chunks(texts) if texts else ())
        records = self.records(has_header=False)
        filled = (record.cells for record in records if not record.is_blank)
        self.sample = list(islice(filled, SAMPLE_RECORDS + 1))
        if not self.sample and len(shown) > 1:
            raise SourceEmpty(
                f"the first of the workbook's {len(shown):,} sheets is empty"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of what has been read."""
        return tuple(self._notes)

    def records(self, *, has_header: bool) -> Generator[Record]:
        """Yield all records after the header, blank ones, too.

        Raises:
            SourceNotText: The sheet cannot be read on; the text names record and row.
            SourceTooLarge: The workbook unpacks to too much.
        """
        rows = SheetRows(self._texts, self._formats)
        number, line = 0, 0
        is_header = has_header
        try:
            for row in rows.read(self._parts.chunks(self._sheet)):
                if is_header:
                    is_header, line = False, row.number
                    continue
                while line + 1 < row.number:
                    number, line = number + 1, line + 1
                    yield Record(number, line, [])
                number, line = number + 1, row.number
                yield Record(number, line, row.cells)
        except Unreadable as error:
            number += max(rows.row - line, 1)
            raise refusal(number, rows.row, str(error)) from None
        if rows.has_uncomputed:
            self._notes[
                "formulas that were never computed were read as blank: open and save "
                "the workbook in a spreadsheet program"
            ] = None


def _main_part(parts: PackedParts) -> str:
    """Return the name of the file that lists the sheets."""
    related = dict(_related(parts, "").values())
    if "officeDocument" not in related:
        raise damaged()
    return related["officeDocument"]


def _related(parts: PackedParts, name: str) -> dict[str, tuple[str, str]]:
    """Return kind and name of the files to which one refers, by their identifiers."""
    folder, base = posixpath.split(name)
    chunks = parts.chunks(posixpath.join(folder, "_rels", f"{base}.rels"))
    related = {}
    for tag, attributes in start_tags(chunks):
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", folder, attributes.get("Target", ""))
            related[attributes.get("Id", "")] = (
                attributes.get("Type", "").rpartition("/")[2],
                posixpath.normpath(target).lstrip("/"),
            )
    return related


def _sheets(parts: PackedParts, name: str) -> tuple[list[tuple[str, str]], bool]:
    """Return identifier and state of each sheet, and if days are counted from 1904."""
    sheets, is_1904 = [], False
    for tag, attributes in start_tags(parts.chunks(name)):
        if tag == "workbookPr":
            is_1904 = attributes.get("date1904") in ("1", "true")
        elif tag == "sheet":
            state = attributes.get("state", "visible")
            sheets.append((attributes.get("id", ""), state))
    return sheets, is_1904


def _formats(
    parts: PackedParts, name: str | None, *, is_1904: bool
) -> Sequence[Formatter]:
    """Return what the format of each style makes of a number, by the style's number."""
    codes: dict[str, str] = {}
    formats: list[Formatter] = []
    made: dict[tuple[str, str], Formatter] = {}
    group = ""
    for tag, attributes in start_tags(parts.chunks(name) if name else ()):
        if tag in _GROUPS:
            group = tag
        elif tag == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "xf" and group == "cellXfs":
            number = attributes.get("numFmtId", "0")
            each = number, codes.get(number, "")
            if each not in made:
                made[each] = formatter(*each, is_1904=is_1904)
            formats.append(made[each])
    return formats or [plain_number]
