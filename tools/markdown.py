"""Replace the generated parts of Markdown files, which stand between two markers."""


def replace_between(text: str, begin: str, end: str, *, content: str) -> str:
    """Return a text with `content` between two markers, which stay in place.

    Raises:
        ValueError: The text lacks a marker.
    """
    before, has_begin, rest = text.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise ValueError(f"the text lacks the line {begin} or {end}")
    return f"{before}{begin}\n{content}{end}{after}"
