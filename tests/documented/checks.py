"""Judge a documented command without running it: would its program take it?"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from verdict_courier.cli import arguments
from verdict_courier.cli.misuse import Misused

from local import sample
from tests.documented.aws_calls import NotACommand, read_call
from tests.documented.commands import ROOT, DocumentedCommand

#: The files that the documents speak of, as if their reader had them.
FILES = {
    "my.csv": sample.emails(12),
    "june.csv": b"E-Mail\n" + sample.emails(3).partition(b"\n")[2],
    "person.json": b'{"mobile": "+919812345670", "name": "Asha Example"}',
    "key.json": b'{"api_key": "YOUR KEY"}',
    "event.json": b"{}",
}
#: Words in place of a reader's own, for the command line client.
OWN_WORDS = {"JOB": "0" * 12, "JOB_ID": "0" * 12, "STAGE": "prod", "TYPE": "email"}
_MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
_TARGETS = set(re.findall(r"(?m)^([a-z-]+):", _MAKEFILE))
_VARIABLES = set(re.findall(r"(?m)^([A-Z]+) \?=", _MAKEFILE))
#: Programs of others, and the words behind each that were looked up.
_OTHERS = {
    "pip": {"install", "."},
    "pre-commit": {"install"},
    "rm": set(FILES),
    "sam": {"local", "invoke", "-t", "-e", "FILE", "FUNCTION"}
    | {"cdk.out/VerdictCourier-dev.template.json"},
    "export": {"COURIER_STAGE=prod", "AWS_PROFILE=mine"},
}


class Wrong(Exception):
    """A reader who copies the command gets an error; the message says which."""


def write_files(folder: Path) -> None:
    """Write the files that the documents speak of."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)


def check(command: DocumentedCommand, folder: Path) -> None:
    """Raise `Wrong` if a command cannot be meant; `folder` has the reader's files."""
    program, *words = command.words
    checks: Mapping[str, Callable[[], None]] = {
        "./courier": lambda: _check_courier(words, is_whole=command.is_whole),
        "courier": lambda: _check_courier(words, is_whole=command.is_whole),
        "make": lambda: _check_make(words),
        "aws": lambda: _check_aws(words, folder, is_whole=command.is_whole),
        "curl": lambda: None,  # it is run
    }
    if not words and not command.is_whole:
        return  # a sentence speaks of the program
    if program in checks:
        checks[program]()
    elif not set(words) <= _OTHERS.get(program, set()):
        raise Wrong(f"nobody looked up {program} {words}")


def parsed(words: Sequence[str]) -> argparse.Namespace | None:
    """Return the options of a `courier` command; None if it only prints something.

    Raises:
        Wrong: It is refused.
    """
    told = StringIO()
    try:
        with redirect_stderr(told), redirect_stdout(StringIO()):
            return arguments.parse([OWN_WORDS.get(word, word) for word in words])
    except SystemExit as ended:
        if ended.code == 0:
            return None
        raise Wrong(told.getvalue()) from None
    except Misused as error:
        raise Wrong(str(error)) from None


def _check_courier(words: Sequence[str], *, is_whole: bool) -> None:
    try:
        parsed(words)
    except Wrong:
        if is_whole:
            raise
        _check_parts(words)


def _check_parts(words: Sequence[str]) -> None:
    """Check a command of which a sentence names only the beginning or an option."""
    parser = arguments.parser()
    (verbs,) = (
        action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    for verb in (word for word in words[:1] if not word.startswith("-")):
        if verb not in verbs:
            raise Wrong(f"courier has no {verb}")
        parser = verbs[verb]
    for option in (word for word in words if word.startswith("-")):
        if option.partition("=")[0] not in parser._option_string_actions:
            raise Wrong(f"{words[0]} has no {option}")


def _check_make(words: Sequence[str]) -> None:
    for word in words:
        name, is_set, _ = word.partition("=")
        if name not in (_VARIABLES if is_set else _TARGETS):
            raise Wrong(f"the Makefile has no {name}")


def _check_aws(words: Sequence[str], folder: Path, *, is_whole: bool) -> None:
    try:
        read_call(words, folder=folder, is_whole=is_whole)
    except NotACommand as error:
        raise Wrong(str(error)) from None
