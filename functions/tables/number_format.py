"""Number format: write a workbook's number as text, with each of its digits."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from operator import eq, ge, gt, le, lt, ne

#: What a format makes of the number that a cell has.
Formatter = Callable[[str], str]

#: Greater numbers have more digits than a spreadsheet keeps.
_MOST = 10**15
#: Spreadsheets allow formats no longer.
_LONGEST_CODE = 255
_SECONDS_OF_A_DAY = 86_400
#: A day that spreadsheets count, though there was none.
_LEAP_DAY_OF_1900 = 60
#: Formats of dates and times that a workbook only numbers.
_DATES = (*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58)
_TIMES = (*range(18, 22), *range(32, 36), 45, 47, 55, 56)
#: By their numbers, codes that show the same.
_NUMBERED = {
    **{str(number): "d" for number in _DATES},
    **{str(number): "h" for number in _TIMES},
    "22": "d h",
    "46": "[h]",
}
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
#: A piece of a format: a quoted or escaped text, a padding, a bracket, a character.
_PIECE = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[([^\]]*)\]|(.)', re.DOTALL)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)([0-9]+)")
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne,
}  # fmt: skip
_PLACEHOLDERS = "0#?"
#: What may stand around and between the digits of a number that is no amount.
_PUNCTUATION = frozenset(" +-()./")


def formatter(number: str, code: str, *, is_1904: bool) -> Formatter:
    """Return what a format makes of a number, by the format's number and code.

    The text has every digit of the number, also where the spreadsheet shows fewer, and
    besides what a format adds to a number without fraction: zeros before it, and the
    punctuation of phone numbers. Dates and times are written as in ISO 8601, whatever
    their order is on the screen. `is_1904` is whether days are counted from 1904.
    """
    if code.casefold() in ("", "general", "@") or len(code) > _LONGEST_CODE:
        code = _NUMBERED.get(number, "")
        shown = code
    else:
        shown = _PIECE.sub(lambda piece: piece[4] or "", code).casefold()
    if _ELAPSED.search(code):
        return _elapsed
    if set(shown) & set("ymdhs"):
        has_time = bool(set(shown) & set("hs"))
        has_date = bool(set(shown) & set("yd")) or not has_time
        return lambda text: _moment(text, has_date, has_time, is_1904=is_1904)
    sections = [_Section(section) for section in _sections(code)]
    if any(section.is_picture for section in sections):
        return lambda text: _in_picture(text, sections)
    return plain_number


def plain_number(text: str) -> str:
    """Return a number with all of its digits, of which a spreadsheet keeps 15.

    One with more digits before its point has lost some, and is written with an
    exponent, as the spreadsheet shows it.
    """
    if text.isdecimal() and text.isascii() and len(text) <= 15 and text[0] != "0":  # noqa: PLR2004 - see above
        return text
    value = _value(text)
    if value is None:
        return text
    if value.is_integer() and abs(value) < _MOST:
        return str(int(value))
    return f"{value:.15g}".upper()


class _Section:
    """One of the parts of a format that are separated by semicolons."""

    def __init__(self, code: str) -> None:
        self._condition: tuple[str, int] | None = None
        self._pieces: list[tuple[str, bool]] = []
        is_plain = True
        for quoted, escaped, bracket, character in _PIECE.findall(code):
            if bracket:
                if condition := _CONDITION.fullmatch(bracket):
                    self._condition = condition[1], int(condition[2])
                # Others are colours, languages and currencies.
            elif character and character in _PLACEHOLDERS:
                self._pieces.append((character, True))
            elif text := quoted or escaped or character:
                is_plain &= set(text) <= _PUNCTUATION
                is_plain &= not (character and character in "./")
                self._pieces.append((text, False))
        has_digits = any(is_place for _, is_place in self._pieces)
        #: Whether it shows the digits of a number, and punctuation only.
        self.is_picture = is_plain and has_digits

    @property
    def has_condition(self) -> bool:
        return self._condition is not None

    def takes(self, value: float) -> bool:
        """Return whether a value meets the section's condition, if there is one."""
        if self._condition is None:
            return True
        sign, bound = self._condition
        return _COMPARED[sign](value, bound)

    def write(self, digits: str) -> str:
        """Return digits in their places, those that are too many before the first."""
        places = sum(is_place for _, is_place in self._pieces)
        missing = max(places - len(digits), 0)
        more, digits = digits[: max(len(digits) - places, 0)], digits[-places:]
        written, place = [], 0
        for text, is_place in self._pieces:
            if not is_place:
                written.append(text)
                continue
            written.append(more if not place else "")
            if place >= missing:
                written.append(digits[place - missing])
            else:
                written.append(text if text == "0" else "")
            place += 1
        return "".join(written).strip()


def _sections(code: str) -> list[str]:
    sections = [""]
    for piece in _PIECE.finditer(code):
        if piece[4] == ";":
            sections.append("")
        else:
            sections[-1] += piece[0]
    return sections


def _in_picture(text: str, sections: list[_Section]) -> str:
    value = _value(text)
    if value is None or not value.is_integer() or not 0 <= value < _MOST:
        return plain_number(text)
    if sections[0].has_condition:
        section = next((one for one in sections if one.takes(value)), sections[-1])
    else:
        section = sections[2] if len(sections) > 2 and not value else sections[0]  # noqa: PLR2004 - positive; negative; zero
    written = section.write(str(int(value))) if section.is_picture else ""
    return written if any(map(str.isdecimal, written)) else plain_number(text)


def _elapsed(text: str) -> str:
    value = _value(text)
    if value is None or not 0 <= value < _MOST:
        return plain_number(text)
    return _clock(round(value * _SECONDS_OF_A_DAY))


def _moment(text: str, has_date: bool, has_time: bool, *, is_1904: bool) -> str:
    value = _value(text)
    first = date(1904, 1, 1) if is_1904 else date(1899, 12, 30)
    if value is None or not 0 <= value <= (date.max - first).days:
        return plain_number(text)
    days, seconds = divmod(round(value * _SECONDS_OF_A_DAY), _SECONDS_OF_A_DAY)
    if not has_date:
        return _clock(seconds)
    if not is_1904 and days < _LEAP_DAY_OF_1900:
        first = date(1899, 12, 31)
    is_leap_day = not is_1904 and days == _LEAP_DAY_OF_1900
    day = "1900-02-29" if is_leap_day else str(first + timedelta(days))
    return f"{day} {_clock(seconds)}" if has_time else day


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _value(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    # What Python writes for people, 1_000, is no number of a workbook.
    return value if math.isfinite(value) and "_" not in text else None
