"""The page's colours can be told apart, in the light and in the dark."""

import re
from pathlib import Path

import pytest
from verdict_courier.console import console

_STYLE = (Path(console.__file__).with_name("files") / "page.css").read_text("utf-8")
_SCHEMES = {
    name: dict(re.findall(r"--(\w+): (#\w+)", block))
    for name, block in zip(
        ("light", "dark"),
        re.findall(r":root \{(.*?)\}", _STYLE, re.DOTALL),
        strict=True,
    )
}
#: Words, as on cards; badges have the card's colour on one of these.
_TEXTS = ("ink", "soft", "link", "succeeded", "partial", "failed", "ended", "running")
#: Bars and marks, without which a timeline says nothing.
_MARKS = ("work", "wait", "check", "webhook", "failed", "succeeded", "partial", "ended")


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("name", _TEXTS)
def test_text_can_be_read(scheme: str, name: str) -> None:
    """The least that WCAG asks for text (1.4.3)."""
    colours = _SCHEMES[scheme]

    assert contrast(colours[name], colours["card"]) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("name", _MARKS)
def test_a_mark_can_be_seen(scheme: str, name: str) -> None:
    """The least that WCAG asks for graphics (1.4.11)."""
    colours = _SCHEMES[scheme]

    assert contrast(colours[name], colours["card"]) >= 3.0
