"""Provider words: reduce a provider's word to what is safe to log and store."""

import re


def sanitize_word(word: object) -> str:
    """Return at most 32 capital letters and underscores of a word.

    Return "NONE" for what is not a string, "UNREADABLE" if nothing is left of it.
    """
    if not isinstance(word, str):
        return "NONE"
    return re.sub(r"[^A-Z_]", "", word.upper())[:32] or "UNREADABLE"
