"""Refusals of IPQS: keep what it says of an upload that it does not take, for a person.

A message may repeat a row: it is for the results bucket only. It may repeat the key as
well, or have a link, as other answers do [V], which are kept nowhere.
"""

import re
from urllib.parse import quote

from functions.core.errors import AnswerUnreadable
from functions.core.strict_json import parse_answer
from functions.providers.provider_words import message_of, sanitize_word

#: With a scheme or without: a link works without "https:", too.
_LINK = re.compile(r"(?<!\w)\w*:?//\S*|(?<![\w.\-])[\w\-]+\.[\w.\-]*(?::\d+)?[/?]\S+")
#: As long as no word is: another key, or a token.
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{24,}")


def words_of_refusal(body: bytes, *, key: str) -> dict[str, dict[str, str]]:
    """Return the message of a refusal, as `errors` of a `StatusReport`; or nothing.

    Links, the key and what looks like another one are left out of it.
    """
    try:
        message = parse_answer(body).get("message")
    except AnswerUnreadable:
        return {}
    if not isinstance(message, str) or not message:
        return {}
    # What nobody sees may be within the key, which whoever copies it has all the same.
    text = "".join(each for each in message if each.isprintable() or each.isspace())
    for secret in filter(None, (key, quote(key, safe=""))):
        text = text.replace(secret, "[key]")
    text = _TOKEN.sub("[token]", _LINK.sub("[link]", text))
    return {"request": {"class": sanitize_word(None), **message_of(text)}}
