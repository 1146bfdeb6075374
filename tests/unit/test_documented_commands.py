"""Documented commands: each of them would be taken by its program."""

from pathlib import Path

import pytest

from tests.documented.checks import Wrong, check, write_files
from tests.documented.commands import (
    DOCUMENTS,
    PROGRAMS,
    DocumentedCommand,
    commands_of,
    documented,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the files that the documents speak of."""
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURIER_STAGE", raising=False)
    return tmp_path


@pytest.mark.parametrize("command", documented(), ids=str)
def test_a_documented_command_is_one(command: DocumentedCommand, folder: Path) -> None:
    """A reader copies it, and takes an error for his own mistake."""
    check(command, folder)


@pytest.mark.parametrize(
    "line",
    [
        "./courier submit my.csv --typ mail --wait",
        "./courier submit your.csv --type email",
        "./courier results JOB --download out --onyl joined",
        "./courier follow JOB",
        "make dmo",
        "make demo PROVDER=txncheck",
        "aws sns subscribe --topic NOTICES_TOPIC_ARN --protocol email",
        "aws sns subscribe --topic-arn NOTICES_TOPIC_ARN",
        "aws sns subscribe --topic-arn T --protocol email --attributes '{\"a\": 1'",
        "aws secretsmanager put-secret --secret-id IPQS_SECRET_ARN",
        "aws secretsmanager put-secret-value --secret-id S --secret-string file://k.json",
        "aws s3 cp my.csv INBOX_BUCKET/ipqs/email/my.csv",
        "aws lambda invoke --function-name NAME --payload fileb://event.json",
        "pip install verdict-courier",
        "rm keys.json",
        "mkae up",
    ],
)
def test_a_command_that_is_changed_to_be_wrong_is_found(
    line: str, folder: Path
) -> None:
    """The check must be able to find what it looks for."""
    (command,) = commands_of("A.md", f"```sh\n{line}\n```\n")

    with pytest.raises(Wrong):
        check(command, folder)


@pytest.mark.parametrize(
    "code", ["make dmo", "courier sumbit", "./courier retry --wiat", "aws s3api get-it"]
)
def test_a_wrong_command_within_a_sentence_is_found(code: str, folder: Path) -> None:
    """A sentence may name a part of a command, but none that does not exist."""
    (command,) = commands_of("A.md", f"Then run `{code} …`.")

    with pytest.raises(Wrong):
        check(command, folder)


def test_commands_stand_in_blocks_that_say_so() -> None:
    """Otherwise a command in a block of another kind would be checked by nobody."""
    with pytest.raises(AssertionError):
        list(commands_of("A.md", "```\nmake dmo\n```\n"))

    found = documented()
    assert {command.words[0] for command in found} >= set(PROGRAMS)
    assert {path.name for path in DOCUMENTS} >= {"README.md", "deploy.md", "api.md"}
