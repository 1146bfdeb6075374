"""The command line refuses what cannot be meant, before it sends anything."""

import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli import arguments, endpoints, help_texts
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

Refused = Callable[..., str]
_ID = "0" * 64
_SHARED = ("--stage=prod", "--profile=p", "--url=https://h/prod", "--json", "--utc")


@pytest.fixture
def refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Refused:
    """Return a function that runs a command, which must fail, and returns its notes."""

    def no_connection(*_: object, **__: object) -> ApiClient:
        pytest.fail("the command went as far as the network")

    monkeypatch.setattr("verdict_courier.cli.__main__.connect", no_connection)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> str:
        code: object = None
        try:
            code = main(words)
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        assert (code, printed.out) == (ExitCode.MISUSED, "")
        return " ".join(printed.err.split())

    return run


def options_of(words: tuple[str, ...]) -> Namespace:
    """Return the options of a command line, without the name of its function."""
    options = arguments.parse(words)
    del options.run
    return options


@pytest.mark.parametrize(
    "command",
    [
        *((verb, _ID) for verb in ("status", "results", "cancel", "retry")),
        *((verb,) for verb in ("list", "watch", "page")),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("options", [*((option,) for option in _SHARED), _SHARED])
def test_an_option_of_all_commands_has_no_place(
    command: tuple[str, ...], options: tuple[str, ...]
) -> None:
    """The run-book writes the stage before the command, others write it behind."""
    assert options_of((*options, *command)) == options_of((*command, *options))
    assert options_of((*options, *command)) != options_of(command)


def test_the_later_of_two_places_counts() -> None:
    """As of any option that is given twice."""
    options = options_of(("--stage=dev", "list", "--stage=prod"))

    assert options.stage == "prod"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(("--type=emial",), ("email", "phone", "full-check"), id="no type"),
        pytest.param(
            ("--type=email", "--provider=ipq"), ("ipqs", "txncheck"), id="no provider"
        ),
        pytest.param(
            ("--type=full-check",),
            ("email, phone, proxy or url", "--provider txncheck"),
            id="a type of another provider",
        ),
        pytest.param((), ("--type",), id="without a type"),
    ],
)
def test_a_wrong_submission_is_answered_with_what_there_is(
    refused: Refused, tmp_path: Path, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """The API would say only that the request does not match its description."""
    (tmp_path / "my.csv").write_text("email\n")

    notes = refused("submit", "my.csv", *words)

    for name in named:
        assert name in notes


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("empty.csv", "the file is empty: empty.csv"),
        ("none.csv", "there is no file none.csv"),
        ("folder.csv", "folder.csv is a folder"),
        ("one.json", "ipqs takes .csv, .jsonl, .tsv, .txt or .xlsx, not one.json"),
    ],
)
def test_a_file_that_cannot_be_verified_is_not_sent(
    refused: Refused, tmp_path: Path, file: str, said: str
) -> None:
    """S3 refuses an empty file with a text that does not say so."""
    (tmp_path / "empty.csv").touch()
    (tmp_path / "one.json").write_text("{}")
    (tmp_path / "folder.csv").mkdir()

    assert said in refused("submit", file, "--type=email")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--limit", "0"), "not a number from 1 on"),
        (("list", "--limit", "-3"), "not a number from 1 on"),
        (("list", "--limit", "many"), "not a number from 1 on"),
        (("list", "--day", "22.11.2026"), "not a day such as 2026-11-22"),
        (("list", "--outcome", "done"), "succeeded"),
        (("list", "--provider", "x"), "ipqs"),
        (("watch", "--limit", "101"), "not a number from 1 to 100"),
        (("watch", "--every", "0"), "not a number of seconds"),
        (("watch", "--every", "nan"), "not a number of seconds"),
        (("watch", "--every", "-1"), "not a number of seconds"),
        (("page", "--every", "x"), "not a number of seconds"),
        (("status", "JOB"), "is not a job id"),
        (("cancel", "1234567"), "the first 8 or more"),
        (("retry", "0" * 65), "is not a job id"),
        (("results", ""), "is not a job id"),
        (("submit", "--label", ""), "not 1 to 100 printable characters"),
        (("submit", "--label", "l" * 101), "not 1 to 100 printable characters"),
        (("submit", "--label", "two\nlines"), "not 1 to 100 printable characters"),
        (("submit", "--column", ""), "not 1 to 200 printable characters"),
        (("quote", "--column", "two\nlines"), "give its number"),
        (("lst",), "list"),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_right(
    refused: Refused, words: tuple[str, ...], said: str
) -> None:
    """A list of no jobs, or a table that never changes, looks like a right answer."""
    assert said in refused(*words)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--column", "2"), "--column"),
        (("--no-header",), "--header"),
        (("--fresh",), "--fresh"),
    ],
)
@pytest.mark.parametrize("command", ["submit", "quote"])
def test_options_of_lists_are_not_for_requests(
    refused: Refused, tmp_path: Path, command: str, words: list[str], option: str
) -> None:
    """Rows of requests have a column for each field, and nothing remembers them."""
    (tmp_path / "my.csv").write_text("name\nAsha\n")
    verification = ("--provider=txncheck", "--type=full-check")

    notes = refused(command, "my.csv", *verification, *words)

    assert f"{option} is for lists, which txncheck does not take" in notes


def test_results_are_not_downloaded_into_a_file(
    refused: Refused, tmp_path: Path
) -> None:
    """Whoever names a file expects the result in it."""
    (tmp_path / "out.csv").touch()

    notes = refused("results", _ID, "--download", "out.csv")

    assert "out.csv is a file: name a folder" in notes


@pytest.mark.parametrize(
    "url",
    [
        *("garbage", "https://", "https://a b/prod", "ftp://h/p", "https://[x/"),
        *("https://h:x/p", "https://h:99999/", "https://h/p?x", "http://example.com/p"),
    ],
)
def test_what_is_no_url_is_said_so(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """A host that cannot be found is another fault, with another remedy."""
    assert main(["list", "--url", url]) == ExitCode.MISUSED

    assert "is not the URL of an API" in capsys.readouterr().err


def test_a_variable_that_has_no_url_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was set long ago, and nobody thinks of it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("COURIER_API_URL", "garbage")

    assert main(["list", "--stage=dev"]) == ExitCode.MISUSED

    assert "COURIER_API_URL: 'garbage' is not the URL" in capsys.readouterr().err


def test_profiles_are_named_if_there_is_no_such_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """It is on this machine, so that nobody need be asked."""
    (tmp_path / "config").write_text("[profile work]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    assert main(["list", "--stage=dev", "--profile=wrok"]) == ExitCode.MISUSED

    assert "no AWS profile 'wrok'; there are: work" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["", " ", "a/b", "-x", "dev\n"])
def test_what_is_no_stage_is_said_so(
    capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    """CloudFormation would complain of a pattern that a stack's name must match."""
    assert main(["list", f"--stage={stage}"]) == ExitCode.MISUSED

    assert "is not a stage" in capsys.readouterr().err


@pytest.mark.parametrize("verb", help_texts.EXAMPLES)
def test_the_help_of_a_command_has_an_example_that_works(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
) -> None:
    """People copy it."""
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    example = capsys.readouterr().out.rpartition("example:\n")[2].strip()
    assert ended.value.code == 0
    if verb != "completion":
        for name in ("my.csv", "more.csv"):
            (tmp_path / name).write_text("email\n")
            example = example.replace(name, str(tmp_path / name))
        program, *words = example.split()
        assert (program, arguments.parse(words).command) == ("courier", verb)


def test_every_command_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """A new one is tried by its help first."""
    with pytest.raises(SystemExit):
        main(["--help"])

    verbs = re.findall(r"(?m)^    ([a-z]+)(?: |$)", capsys.readouterr().out)
    assert {*verbs} == {*help_texts.EXAMPLES}


@pytest.mark.parametrize("verb", help_texts.EXAMPLES)
def test_the_help_of_a_command_lists_what_can_be_chosen(
    capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """Nobody guesses `bank-verification-pennyless`."""
    with pytest.raises(SystemExit):
        main([verb, "--help"])

    text = capsys.readouterr().out
    types = ("ipqs: email, phone, proxy, url (.csv", "bank-verification-pennyless")
    assert ("--provider {ipqs,txncheck}" in text) is ("--provider" in text)
    for listed in types:
        assert (listed in text) is ("--type" in text)
    assert ("--type" in text) is (verb in {"submit", "quote", "forget"})


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_commands_types_and_providers_are_completed(
    capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    """A name that the shell offers need not be known by heart."""
    assert main(["completion", shell]) == ExitCode.DONE

    script = capsys.readouterr().out
    for word in ("submit", "retry", "full-check", "proxy", "txncheck", "timed_out"):
        assert word in script


def test_the_command_to_go_on_names_the_same_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is copied as it is; another stage has no such job."""
    monkeypatch.setenv("COURIER_PROGRAM", "./courier")
    options = arguments.parse(["--stage=prod", "--profile=my own", "list"])

    line = endpoints.command_on(options, "status", _ID, "--wait")

    assert line == f"./courier status {_ID} --wait --stage prod --profile 'my own'"


def test_no_command_shows_what_there_is(refused: Refused) -> None:
    """Whoever types the bare name wants to know what can be asked."""
    notes = refused()

    assert "usage: courier" in notes
    assert all(f" {verb} " in notes for verb in help_texts.EXAMPLES)


@pytest.mark.parametrize("verb", ["submit", "quote"])
def test_a_type_that_is_missing_is_named_with_what_there_is(
    refused: Refused, verb: str
) -> None:
    """Whoever begins knows neither the option nor its words."""
    Path("my.csv").write_text("a@b.example")

    notes = refused(verb, "my.csv")

    assert "required: --type types by provider: ipqs: email, phone" in notes
    assert "txncheck: bank-verification-pennyless" in notes


def test_an_error_is_not_below_a_usage(refused: Refused) -> None:
    """Five lines of options would hide the one that says what is wrong."""
    notes = refused("submit", "none.csv", "--type", "email")

    assert notes == (
        "courier submit: error: argument FILE: there is no file none.csv "
        "Its help: courier submit --help"
    )


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "[::1]:1"])
def test_the_url_of_a_local_stack_is_one(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """`make up` prints it; it takes any signature, so that it needs no credentials."""
    monkeypatch.setattr("boto3.Session", lambda **_: pytest.fail("AWS was asked"))

    url = f"http://{host}/restapis/a/local/_user_request_/"
    client = endpoints.connect("local", profile=None, url=url)

    assert client._url == url.rstrip("/")
