"""E-mail values: decide whether a cell is one e-mail address and nothing besides it."""

import re
from collections.abc import Callable, Sequence

#: The limit that SMTP sets to a path, without its angle brackets.
_MAX_CHARACTERS = 254
#: What stands in no address, unless its name is quoted, which nobody's is.
_FOREIGN = r"<>(),;:\\\"\[\]"
_EMAIL = re.compile(
    rf"[^\s@{_FOREIGN}]{{1,64}}@"
    rf"(?:[^\s@{_FOREIGN}.]{{1,63}}\.)+[^\s@{_FOREIGN}.]{{1,63}}"
)
#: Why a cell is no address; the first that is true counts.
_REASONS: Sequence[tuple[Callable[[str], object], str]] = (
    (lambda cell: "@" not in cell, "it has no @"),
    (
        re.compile(f"[{_FOREIGN}]").search,
        'it has a character that no address has, such as < > ( ) , ; : "',
    ),
    (re.compile(r"\s").search, "it has a space in it"),
    (lambda cell: cell.count("@") > 1, "it has more than one @"),
    (lambda cell: "." not in cell.partition("@")[2], "its domain has no dot"),
    (
        lambda cell: len(cell) > _MAX_CHARACTERS,
        f"it is longer than {_MAX_CHARACTERS} characters",
    ),
)


def unfit_email(cell: str) -> str:
    """Return why a cell is no e-mail address, "" if it is one."""
    if _EMAIL.fullmatch(cell) and len(cell) <= _MAX_CHARACTERS:
        return ""
    reasons = (words for is_true, words in _REASONS if is_true(cell))
    return next(reasons, "it is not of the form name@domain.tld")
