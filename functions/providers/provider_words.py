"""Provider words: reduce what a provider says to what may be kept of it."""

import re

_MAX_MESSAGE_CHARACTERS = 2_000


def sanitize_word(word: object) -> str:
    """Return at most 32 capital letters and underscores of a word.

    Return "NONE" for what is not a string, "UNREADABLE" if nothing is left of it.
    """
    if not isinstance(word, str):
        return "NONE"
    return re.sub(r"[^A-Z_]", "", word.upper())[:32] or "UNREADABLE"


def message_of(said: object) -> dict[str, str]:
    """Return the beginning of a message, which may be personal data; or nothing."""
    if not isinstance(said, str) or not said:
        return {}
    return {"message": said[:_MAX_MESSAGE_CHARACTERS]}
