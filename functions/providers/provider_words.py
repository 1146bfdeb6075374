"""Words: what a provider calls something, reduced to what cannot hold a secret."""

import re


def sanitize_word(word: object) -> str:
    """Reduce a word of a provider's to at most 32 capitals and underscores."""
    if not isinstance(word, str):
        return "NONE"
    return re.sub(r"[^A-Z_]", "", word.upper())[:32] or "UNREADABLE"
