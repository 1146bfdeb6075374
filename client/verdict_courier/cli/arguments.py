"""Declare the arguments of `courier`, and check them before anything is sent."""

import argparse
from collections.abc import Sequence
from typing import Any

import shtab

from verdict_courier import api_description
from verdict_courier.cli import argument_types, commands
from verdict_courier.cli.endpoints import usual_stage
from verdict_courier.cli.job_ids import read_job_id
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import listed, printable
from verdict_courier.version import version

_DESCRIPTION = "A client of the Verdict Courier API: submit lists, follow their jobs."
_EXIT_CODES = """\
Exit codes:
  0    done; also watch and page, ended by Ctrl-C
  1    the job ended without results
  2    wrong usage, found before anything was sent; or a file that cannot be used
  3    the API refused
  4    the API could not be reached
  5    there are results, but not all rows are accounted for
  6    the job waits for approval
  130  ended by Ctrl-C; jobs go on
  141  whoever read the output ended

Options of all commands can stand before the command, too."""
_JOB = "JOB is a job id, or its first 8 digits or more."
_PIPE = "Into a pipe it prints a line for each job, with tabs between these values:\n  "
_LIST_PIPE = f"{_PIPE}job, type, state, received, rows, checks, name, label"
_WATCH_PIPE = (
    f"{_PIPE}job, type, state, error, age, checks, next, timeline, name, label"
)
_EXAMPLES = {
    "submit": "courier submit my.csv --type email --wait",
    "quote": "courier quote my.csv --type email",
    "approve": "courier approve 0123456789ab --wait",
    "list": "courier list --outcome failed --provider ipqs --limit 5",
    "status": "courier status 0123456789ab --wait",
    "results": "courier results 0123456789ab --download out",
    "cancel": "courier cancel 0123456789ab",
    "retry": "courier retry 0123456789ab --wait",
    "watch": "courier watch --every 5 --utc",
    "page": "courier page --stage prod",
    "completion": 'eval "$(courier completion bash)"',
}


class _Parser(argparse.ArgumentParser):
    """A parser whose help keeps the lines of its last part."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of the parent
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(formatter_class=raw, **options)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line; argparse exits if they are wrong.

    Raises:
        Misused: The options do not go together.
    """
    options = parser().parse_args(arguments)
    if options.command in ("submit", "quote"):
        _check_submission(options)
    return options


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = _Parser(prog="courier", description=_DESCRIPTION, epilog=_EXIT_CODES)
    _add_shared(whole)
    whole.add_argument("--version", action="version", version=f"courier {version()}")
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, run: commands.Command, more: str = ""
    ) -> argparse.ArgumentParser:
        subparser = subparsers.add_parser(
            name,
            help=run.__doc__,
            description=run.__doc__,
            epilog="\n\n".join(filter(None, (more, f"example:\n  {_EXAMPLES[name]}"))),
        )
        _add_shared(subparser, unless_before=True)
        subparser.set_defaults(run=run)
        return subparser

    submit = add("submit", commands.submit, _types())
    quote = add("quote", commands.quote, _types())
    for uploading in (submit, quote):
        _add_upload(uploading)
    submit.add_argument(
        "--quote", action="store_true", help="send nothing until it is approved"
    )
    submit.add_argument(
        "--yes", action="store_true", help="with --wait: approve it without asking"
    )
    quote.add_argument(
        "--keep", action="store_true", help="let the job wait for `courier approve`"
    )
    jobs = add("list", commands.list_jobs, _LIST_PIPE)
    jobs.add_argument("--outcome", choices=_outcomes(), help="only these jobs")
    _add_provider(jobs)
    jobs.add_argument(
        "--day", type=argument_types.day, help="such as 2026-11-22, in UTC"
    )
    jobs.add_argument(
        "--limit", type=argument_types.whole_number(), default=20, help="default: 20"
    )
    status = _with_job(add("status", commands.status, _JOB))
    results = _with_job(add("results", commands.results, _JOB))
    folder = results.add_argument(
        "--download", type=argument_types.folder, metavar="DIR"
    )
    results.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KIND",
        help="a kind such as joined or clean; can be given again",
    )
    folder.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # shtab reads it
    _with_job(add("cancel", commands.cancel, _JOB))
    approve = _with_job(add("approve", commands.approve, _JOB))
    retry = _with_job(add("retry", commands.retry, _JOB))
    for waiting in (submit, status, approve, retry):
        waiting.add_argument("--wait", action="store_true", help="until the job ends")
    watch = add("watch", commands.watch, _WATCH_PIPE)
    watch.add_argument("--once", action="store_true", help="print once, for scripts")
    most = api_description.most_jobs()
    watch.add_argument(
        "--limit",
        type=argument_types.whole_number(most),
        default=20,
        help=f"1 to {most}, default: 20",
    )
    page = add("page", commands.page)
    for live, seconds in ((watch, 2.0), (page, 5.0)):
        live.add_argument(
            "--every",
            type=argument_types.seconds,
            default=seconds,
            metavar="SECONDS",
            help="refresh",
        )
    completion = subparsers.add_parser(
        "completion",
        help="Print a script that completes commands in a shell.",
        epilog=f"example:\n  {_EXAMPLES['completion']}",
    )
    completion.add_argument("shell", choices=("bash", "zsh"))
    return whole


def _add_shared(
    target: argparse.ArgumentParser, *, unless_before: bool = False
) -> None:
    """Add the options of all commands, which may stand before the command as well."""

    def default(value: object) -> object:
        # A default behind the command would replace what stands before it.
        return argparse.SUPPRESS if unless_before else value

    group = target.add_argument_group("options of all commands")
    json, utc = ("--json", "print JSON"), ("--utc", "show times in UTC, not local ones")
    for flag, text in (json, utc):
        group.add_argument(
            flag, action="store_true", default=default(value=False), help=text
        )
    stage = usual_stage()
    group.add_argument(
        "--stage",
        default=default(stage),
        help=f"default: {stage}, from COURIER_STAGE or else local",
    )
    group.add_argument(
        "--profile", default=default(None), help="AWS profile that signs the calls"
    )
    group.add_argument(
        "--url", default=default(""), help="URL of the API, instead of a stage"
    )


def _add_upload(target: argparse.ArgumentParser) -> None:
    """Add what says which file is uploaded, and for what."""
    file = target.add_argument(
        "file",
        type=argument_types.file,
        help=f"UTF-8, {listed(api_description.upload_extensions())}",
    )
    file.complete = shtab.FILE  # type: ignore[attr-defined] # shtab reads it
    target.add_argument(
        "--type",
        required=True,
        choices=_all_types(),
        metavar="TYPE",
        help="what to verify: see below",
    )
    _add_provider(target, default="ipqs")
    target.add_argument(
        "--label", type=argument_types.label, help="your words about the job"
    )


def _add_provider(target: argparse.ArgumentParser, default: str | None = None) -> None:
    target.add_argument(
        "--provider",
        default=default,
        choices=list(api_description.uploads()),
        help=f"default: {default}" if default else "only jobs of this provider",
    )


def _with_job(target: argparse.ArgumentParser) -> argparse.ArgumentParser:
    target.add_argument("job_id", type=read_job_id, metavar="JOB")
    return target


def _check_submission(options: argparse.Namespace) -> None:
    """Raise unless the provider takes files of this type and this extension."""
    uploads = api_description.uploads()
    upload = uploads[options.provider]
    if options.type not in upload.types:
        others = [name for name in uploads if options.type in uploads[name].types]
        raise Misused(
            f"{options.provider} verifies {listed(upload.types)}, not {options.type}: "
            f"name its provider with --provider {others[0]}"
        )
    if options.file.suffix.lower() not in upload.extensions:
        name = printable(options.file)
        raise Misused(
            f"{options.provider} takes {listed(upload.extensions)}, not {name}"
        )


def _outcomes() -> list[str]:
    return [*sorted(api_description.outcomes()), "running"]


def _all_types() -> list[str]:
    uploads = api_description.uploads().values()
    return [type_ for upload in uploads for type_ in upload.types]


def _types() -> str:
    lines = [
        f"  {provider}: {', '.join(upload.types)} ({listed(upload.extensions)})"
        for provider, upload in api_description.uploads().items()
    ]
    return "\n".join(["types by provider:", *lines])
