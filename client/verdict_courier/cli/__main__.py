"""The `courier` command: a client of the Verdict Courier API."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import shtab

from verdict_courier.api_client import ApiError, ApiUnreachable
from verdict_courier.api_description import upload_extensions
from verdict_courier.cli import commands
from verdict_courier.cli.commands import ExitCode
from verdict_courier.cli.display import Display, printable
from verdict_courier.cli.endpoints import LOCAL, connect
from verdict_courier.version import version

_EXTENSIONS = " or ".join(upload_extensions())
_EXIT_CODES = (
    "Exit codes: 0 done, 1 the job ended without results, 2 wrong usage, "
    "3 the API refused, 4 the API could not be reached, 5 there are results, but not "
    "all rows are accounted for."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "completion":
        print(shtab.complete(parser, options.shell))  # noqa: T201 - the shell reads it
        return ExitCode.DONE
    display = Display(as_json=options.json)
    command: commands.Command = options.run
    try:
        api = connect(options.stage, profile=options.profile, url=options.url)
        return command(api, display, options)
    except ApiError as error:
        display.error(str(error))
        return ExitCode.REFUSED
    except ApiUnreachable as error:
        display.error(str(error))
        return ExitCode.UNREACHABLE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        display.error(f"{where}{error.strerror or type(error).__name__}")
        return ExitCode.MISUSED
    except KeyboardInterrupt:
        display.notes.print("Stopped watching; the jobs continue.")
        return ExitCode.DONE


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON")
    shared.add_argument("--stage", default=LOCAL, help="default: local")
    shared.add_argument("--profile", help="AWS profile that signs the calls")
    shared.add_argument("--url", default="", help="URL of the API, instead of a stage")
    wait = argparse.ArgumentParser(add_help=False)
    wait.add_argument("--wait", action="store_true", help="until the job ends")

    parser = argparse.ArgumentParser(
        prog="courier", description=__doc__, epilog=_EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=f"courier {version()}")
    subparsers = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, run: commands.Command, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        subparser = subparsers.add_parser(
            name, help=run.__doc__, parents=[shared, *parents]
        )
        subparser.set_defaults(run=run)
        return subparser

    submit = add("submit", commands.submit, wait)
    file = submit.add_argument(
        "file", type=_file, help=f"UTF-8, ending in {_EXTENSIONS}"
    )
    file.complete = shtab.FILE  # type: ignore[attr-defined] # shtab reads it
    submit.add_argument("--type", required=True, help="email, full-check, …")
    submit.add_argument("--provider", default="ipqs", help="default: ipqs")
    jobs = add("list", commands.list_jobs)
    jobs.add_argument("--outcome", help="failed, succeeded, …, or running")
    jobs.add_argument("--provider")
    jobs.add_argument("--day", help="such as 2026-11-22, in UTC")
    jobs.add_argument("--limit", type=int, default=20)
    add("status", commands.status, wait).add_argument("job_id")
    results = add("results", commands.results)
    results.add_argument("job_id")
    folder = results.add_argument("--download", type=Path, metavar="DIR")
    folder.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # shtab reads it
    add("cancel", commands.cancel).add_argument("job_id")
    add("retry", commands.retry, wait).add_argument("job_id")
    watch = add("watch", commands.watch)
    watch.add_argument("--once", action="store_true", help="print once, for scripts")
    watch.add_argument("--limit", type=int, default=20)
    page = add("page", commands.page)
    for live, seconds in ((watch, 2.0), (page, 5.0)):
        live.add_argument(
            "--every", type=float, default=seconds, metavar="SECONDS", help="refresh"
        )
    completion = subparsers.add_parser(
        "completion", help='Print shell completion: eval "$(courier completion bash)".'
    )
    completion.add_argument("shell", choices=("bash", "zsh"))
    return parser


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {printable(text)}")
    if path.suffix.lower() not in upload_extensions():
        name = printable(text)
        raise argparse.ArgumentTypeError(f"{name} does not end in {_EXTENSIONS}")
    return path


if __name__ == "__main__":
    sys.exit(main())
