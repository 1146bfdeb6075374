"""Phone values: decide whether a cell is a phone number with all its digits."""

import re
from collections.abc import Callable, Sequence

from functions.tables.ip_values import unfit_ip

#: The digits of a number: the most of E.164, and what the shortest have without area.
_MIN_DIGITS, _MAX_DIGITS = 7, 15
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_DIGITS = re.compile(r"\+?[0-9]+")
_BETWEEN = str.maketrans("", "", " -.()/\u2010\u2011\u2013")
_DAY, _MONTH = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])"
_YEAR, _POINT = r"(?:19|20)[0-9]{2}", r"[-/.]"
_DATES = (
    f"{_YEAR}{_POINT}{_MONTH}{_POINT}{_DAY}",
    f"{_DAY}{_POINT}{_MONTH}{_POINT}{_YEAR}",
    f"{_MONTH}{_POINT}{_DAY}{_POINT}{_YEAR}",
)
#: Why a cell is no number, though its digits may look like one.
_REASONS: Sequence[tuple[Callable[[str], object], str]] = (
    (
        re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+").fullmatch,
        "it is in scientific notation, in which digits are lost: export it as text",
    ),
    (
        re.compile(r"[+-]?[0-9]+[.,][0-9]{1,2}").fullmatch,
        "it is a decimal number: export the column as text",
    ),
    (re.compile("|".join(_DATES)).fullmatch, "it is a date"),
    (lambda cell: not unfit_ip(cell), "it is an IP address"),
    (
        lambda cell: not _DIGITS.fullmatch(cell.translate(_BETWEEN)),
        "it has a character that no phone number has",
    ),
)


def unfit_phone(cell: str) -> str:
    """Return why a cell is no phone number, "" if it is one."""
    if _PHONE.fullmatch(cell):
        return ""
    for is_true, words in _REASONS:
        if is_true(cell):
            return words
    count = len(phone_key(cell).removeprefix("+"))
    if _MIN_DIGITS <= count <= _MAX_DIGITS:
        return ""
    return f"it does not have {_MIN_DIGITS} to {_MAX_DIGITS} digits"


def phone_key(value: str) -> str:
    """Return the digits and a leading +, for which 00 may stand."""
    digits = value.translate(_BETWEEN)
    return f"+{digits[2:]}" if digits.startswith("00") else digits
