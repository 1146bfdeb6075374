"""Workbook files: write workbooks (.xlsx) as spreadsheets do, or wrong on purpose."""

from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

#: A cell's XML, or its text, which is then a shared one.
Cell = str


def number(value: str, style: int = 0) -> str:
    """Return a cell with a number in a style, which is one of the codes."""
    return f'<c s="{style}"><v>{value}</v></c>'


def letters(column: int) -> str:
    """Return a column's letters by its number from 1."""
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(ord("A") + letter) + text
    return text


def workbook(
    rows: Sequence[Sequence[Cell]] = (),
    *,
    codes: Sequence[str] = (),
    sheet: str = "",
    sheets: Sequence[str] = ("visible",),
    prefix: str = "",
    is_1904: bool = False,
    changed: Mapping[str, bytes | None] | None = None,
    compression: int = ZIP_DEFLATED,
) -> bytes:
    """Return a workbook whose sheets have these states, and the first one these rows.

    A cell that begins with `<c` is taken as XML; a text is shared. `codes` are those
    of the formats of styles 1, 2 and so on. `sheet` is the XML between the tags of the
    sheet in place of `rows`; `changed` replaces whole files, or leaves them out.
    """
    texts: list[str] = []
    body = sheet or "".join(
        f'<{prefix}row r="{line}">'
        + "".join(
            _cell(cell, f"{letters(column)}{line}", texts, prefix)
            for column, cell in enumerate(cells, 1)
        )
        + f"</{prefix}row>"
        for line, cells in enumerate(rows, 1)
    )
    namespace = f"xmlns{':' if prefix else ''}{prefix.rstrip(':')}"
    empty = f'<worksheet xmlns="{_MAIN}"><sheetData/></worksheet>'
    formats = "".join(
        f'<numFmt numFmtId="{165 + place}" formatCode="{escape(code)}"/>'
        for place, code in enumerate(codes)
    )
    styles = "".join(f'<xf numFmtId="{165 + place}"/>' for place in range(len(codes)))
    files = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relationships({"R1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook xmlns:r="{_OFFICE}">'
        f'<workbookPr date1904="{int(is_1904)}"/><sheets>'
        + "".join(
            f'<sheet name="S{place}" state="{state}" r:id="S{place}"/>'
            for place, state in enumerate(sheets, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships(
            {
                **{
                    f"S{place}": ("worksheet", f"worksheets/sheet{place}.xml")
                    for place in range(1, len(sheets) + 1)
                },
                "T": ("styles", "styles.xml"),
                "U": ("sharedStrings", "/xl/sharedStrings.xml"),
            }
        ),
        "xl/styles.xml": f"<styleSheet><numFmts>{formats}</numFmts>"
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs>'
        '<dxfs><dxf><numFmt numFmtId="165" formatCode="yyyy"/></dxf></dxfs>'
        "</styleSheet>",
        **{
            f"xl/worksheets/sheet{place}.xml": empty
            for place in range(2, len(sheets) + 1)
        },
        "xl/worksheets/sheet1.xml": f'<{prefix}worksheet {namespace}="{_MAIN}">'
        f"<{prefix}sheetData>{body}</{prefix}sheetData></{prefix}worksheet>",
        "xl/sharedStrings.xml": f"<sst>{''.join(texts)}</sst>",
    }
    packed: dict[str, bytes | None] = {
        name: file.encode() for name, file in files.items()
    }
    content = BytesIO()
    with ZipFile(content, "w", compression) as archive:
        for name, file in (packed | dict(changed or {})).items():
            if file is not None:
                archive.writestr(name, file)
    return content.getvalue()


def _cell(cell: Cell, place: str, texts: list[str], prefix: str) -> str:
    if cell.startswith("<c"):
        return cell.replace("<c", f'<c r="{place}"', 1)
    if not cell:
        return f'<{prefix}c r="{place}"/>'
    text = escape(cell).replace("_x", "_x005F_x").replace("\r", "_x000D_")
    texts.append(f'<si><t xml:space="preserve">{text}</t></si>')
    value = f"<{prefix}v>{len(texts) - 1}</{prefix}v>"
    return f'<{prefix}c r="{place}" t="s">{value}</{prefix}c>'


def _relationships(targets: Mapping[str, tuple[str, str]]) -> str:
    return "".join(
        [
            "<Relationships>",
            *(
                f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
                for name, (kind, target) in targets.items()
            ),
            "</Relationships>",
        ]
    )
