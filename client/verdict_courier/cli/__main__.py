"""Courier: the command line client of the API."""

import argparse
import sys
import urllib.error
from collections.abc import Sequence
from pathlib import Path

from functions.core.file_formats import FORMS
from verdict_courier.api_client import Refused
from verdict_courier.cli import commands
from verdict_courier.cli.commands import Exit
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import LOCAL, Unreachable, api_of

_ENDINGS = " or ".join(form.suffix for form in FORMS)
_CODES = (
    "Exit codes: 0 done, 1 the job ended without results, 2 misused, "
    "3 the API refused, 4 the API could not be reached."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "completion":
        print(_completion(parser))  # noqa: T201 - what the shell reads
        return Exit.DONE
    display = Display(as_json=given.json)
    command: commands.Command = given.run
    try:
        api = api_of(given.stage, profile=given.profile, url=given.url)
        return command(api, display, given)
    except Refused as refused:
        display.trouble(str(refused))
        return Exit.REFUSED
    except Unreachable as error:
        display.trouble(str(error))
        return Exit.UNREACHABLE
    except (urllib.error.URLError, TimeoutError) as error:
        display.trouble(f"no answer from the API: {error}")
        return Exit.UNREACHABLE
    except KeyboardInterrupt:
        display.notes.print("Not looking any more; jobs go on.")
        return Exit.DONE


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--json", action="store_true", help="write JSON")
    everywhere.add_argument("--stage", default=LOCAL, help="local unless told")
    everywhere.add_argument("--profile", help="the AWS profile that signs")
    everywhere.add_argument("--url", default="", help="the API's, instead of a stage")
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument("--wait", action="store_true", help="until the job ends")

    parser = argparse.ArgumentParser(prog="courier", description=__doc__, epilog=_CODES)
    known = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, run: commands.Command, *more: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        made = known.add_parser(name, help=run.__doc__, parents=[everywhere, *more])
        made.set_defaults(run=run)
        return made

    submit = add("submit", commands.submit, waiting)
    submit.add_argument("file", type=_file, help=f"UTF-8, ending in {_ENDINGS}")
    submit.add_argument("--type", required=True, help="email, full-check, …")
    submit.add_argument("--provider", default="ipqs", help="ipqs unless told")
    listing = add("list", commands.listed)
    listing.add_argument("--outcome", help="failed, succeeded, …, or running")
    listing.add_argument("--provider")
    listing.add_argument("--day", help="such as 2026-11-22, in UTC")
    listing.add_argument("--limit", type=int, default=20)
    for name, run, more in (
        ("status", commands.status, (waiting,)),
        ("results", commands.results, ()),
        ("cancel", commands.cancel, ()),
        ("retry", commands.retry, (waiting,)),
    ):
        one = add(name, run, *more)
        one.add_argument("job_id")
        if name == "results":
            one.add_argument("--download", type=Path, metavar="DIR")
    watch = add("watch", commands.watch)
    watch.add_argument("--once", action="store_true", help="one look, for scripts")
    watch.add_argument("--limit", type=int, default=20)
    page = add("page", commands.page)
    for looking, seconds in ((watch, 2.0), (page, 5.0)):
        looking.add_argument(
            "--every", type=float, default=seconds, metavar="SECONDS", help="look anew"
        )
    known.add_parser("completion", help="Write what makes bash and zsh complete.")
    return parser


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    if not any(path.suffix.lower() == form.suffix for form in FORMS):
        raise argparse.ArgumentTypeError(f"{text} does not end in {_ENDINGS}")
    return path


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Give the long options of a parser, and those of its commands."""
    known = set()
    for action in parser._actions:
        known |= {name for name in action.option_strings if name.startswith("--")}
        if isinstance(action.choices, dict):
            known |= {n for one in action.choices.values() for n in _options(one)}
    return known


def _completion(parser: argparse.ArgumentParser) -> str:
    """Give the shell's part; evaluate it with `eval "$(courier completion)"`."""
    (known,) = (a for a in parser._actions if isinstance(a.choices, dict))
    names = " ".join(known.choices or ())
    options = " ".join(sorted(_options(parser)))
    commands_, options_, files = (
        f'COMPREPLY=($(compgen {among} -- "$word"))'
        for among in (f"-W '{names}'", f"-W '{options}'", "-f")
    )
    return (
        "type compdef >/dev/null 2>&1 && autoload -U +X bashcompinit && bashcompinit\n"
        "_courier() {\n"
        '  local word="${COMP_WORDS[COMP_CWORD]}"\n'
        f'  if [ "$COMP_CWORD" -eq 1 ]; then {commands_}\n'
        f'  elif [[ "$word" == -* ]]; then {options_}\n'
        f"  else {files}; fi\n"
        "}\n"
        "complete -F _courier courier"
    )


if __name__ == "__main__":
    sys.exit(main())
