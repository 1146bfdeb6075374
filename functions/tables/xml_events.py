"""XML events: parse XML that nobody has checked, in little memory."""

from collections.abc import Generator, Iterable, Iterator
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from functions.tables.packed_parts import damaged, too_large

#: The most bytes of a tag; no part of a workbook has tags that are near as long.
_MAX_TAG = 1024 * 1024
#: The most tags of a file that has neither cells nor texts; styles have the most.
_MAX_TAGS = 500_000
#: Tags within tags: each takes memory until it ends.
MAX_DEPTH = 256

Attributes = dict[str, str]


def new_parser() -> XMLParserType:
    """Return a parser that refuses what could make text out of nothing.

    The handlers are for the caller to set.
    """
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def feed(parser: XMLParserType, chunks: Iterable[bytes]) -> Generator[None]:
    """Parse chunk by chunk, and yield after each.

    Raises:
        SourceNotText: It is not XML, has a document type, or a very long tag.
    """
    size = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk)
            size += len(chunk)
            if size - parser.CurrentByteIndex > _MAX_TAG + len(chunk):
                raise damaged()
            yield
        parser.Parse(b"", True)
        yield
    except (ExpatError, LookupError, ValueError):
        # Python looks up an encoding that expat does not know, and may have none.
        raise damaged() from None


def local_name(name: str) -> str:
    """Return a name without the prefix of its namespace."""
    return name.rpartition(":")[2]


def start_tags(chunks: Iterable[bytes]) -> Iterator[tuple[str, Attributes]]:
    """Yield name and attributes of each tag that opens, without prefixes.

    Raises:
        SourceNotText: See `feed`.
        SourceTooLarge: There are far more than a workbook has.
    """
    count = 0
    tags: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        named = {local_name(key): value for key, value in attributes.items()}
        tags.append((local_name(name), named))

    parser = new_parser()
    parser.StartElementHandler = start
    for _ in feed(parser, chunks) if chunks else ():
        yield from tags
        count += len(tags)
        if count > _MAX_TAGS:
            raise too_large()
        tags.clear()


def _refuse(*_: object) -> None:
    raise damaged()
