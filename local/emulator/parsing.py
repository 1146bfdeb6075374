"""Parsing: let MiniStack parse once what calls repeat."""

from functools import lru_cache

from ministack.core import iam_evaluator
from ministack.services import dynamodb

_KEPT = 1024


def parse_once() -> None:
    """Keep what policies and conditions were parsed to.

    MiniStack parses each policy for every call that it decides about, and checks the
    grammar of a condition for every item that it is applied to: together a third of its
    processor time where many jobs are listed.
    """
    parse = iam_evaluator.parse_policy_document
    parse_text = lru_cache(_KEPT)(parse)
    iam_evaluator.parse_policy_document = lambda document: (
        parse_text(document) if isinstance(document, str) else parse(document)
    )
    for name in ("_condition_syntax_error", "_tokenize"):
        setattr(dynamodb, name, lru_cache(_KEPT)(getattr(dynamodb, name)))
