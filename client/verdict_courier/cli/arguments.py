"""Declare the arguments of `courier`, and check them before anything is sent."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import shtab

from verdict_courier import api_description
from verdict_courier.cli import (
    argument_types,
    checking,
    commands,
    completion,
    drills,
    erasing,
    forgetting,
    help_texts,
    listing,
    live_commands,
    stack_commands,
)
from verdict_courier.cli.endpoints import usual_stage
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.job_ids import read_job_id
from verdict_courier.cli.upload_arguments import (
    add_list_options,
    add_provider,
    add_upload,
    add_verification,
    check_files,
    check_type,
    upload_types,
)
from verdict_courier.version import version

_DESCRIPTION = "A client of the Verdict Courier API: submit lists, follow their jobs."


class _Parser(argparse.ArgumentParser):
    """A parser whose help keeps the lines of its last part, with short errors."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of the parent
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(formatter_class=raw, **options)

    def error(self, message: str) -> NoReturn:
        """Exit, and say what is wrong and where the help is, not the whole usage."""
        lines = [f"{self.prog}: error: {message}"]
        if message.endswith("required: --type"):
            lines.append(upload_types())
        lines.append(f"Its help: {self.prog} --help\n")
        self.exit(ExitCode.MISUSED, "\n".join(lines))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line; argparse exits if they are wrong.

    Raises:
        Misused: The options do not go together.
    """
    whole = parser()
    options = whole.parse_args(arguments)
    if options.command is None:  # whoever tries it wants to know what there is
        whole.print_help(sys.stderr)
        whole.exit(ExitCode.MISUSED)
    if options.command in ("submit", "quote", "forget"):
        check_type(options)
    if options.command in ("submit", "quote"):
        check_files(options)
    return options


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = _Parser(
        prog="courier", description=_DESCRIPTION, epilog=help_texts.EXIT_CODES
    )
    _add_shared(whole)
    whole.add_argument("--version", action="version", version=f"courier {version()}")
    subparsers = whole.add_subparsers(dest="command", metavar="COMMAND")

    def add(
        name: str, run: Callable[..., ExitCode], more: str = ""
    ) -> argparse.ArgumentParser:
        subparser = subparsers.add_parser(
            name,
            help=run.__doc__,
            description=run.__doc__,
            epilog="\n\n".join(
                filter(None, (more, f"example:\n  {help_texts.EXAMPLES[name]}"))
            ),
        )
        _add_shared(subparser, unless_before=True)
        subparser.set_defaults(run=run)
        return subparser

    submit = add("submit", commands.submit, upload_types())
    quote = add("quote", commands.quote, upload_types())
    add_upload(submit, files="+")
    add_upload(quote, files=1)
    submit.add_argument(
        "--quote", action="store_true", help="send nothing until it is approved"
    )
    submit.add_argument(
        "--yes", action="store_true", help="with --wait: approve it without asking"
    )
    quote.add_argument(
        "--keep", action="store_true", help="let the job wait for `courier approve`"
    )
    jobs = add("list", listing.list_jobs, help_texts.LIST_PIPE)
    jobs.add_argument("--outcome", choices=_outcomes(), help="only these jobs")
    add_provider(jobs)
    jobs.add_argument(
        "--day", type=argument_types.day, help="such as 2026-11-22, in UTC"
    )
    jobs.add_argument("--text", default="", help="in the name or the label")
    jobs.add_argument(
        "--limit", type=argument_types.whole_number(), default=20, help="default: 20"
    )
    status = _with_job(add("status", commands.status, help_texts.JOB))
    _add_results(add("results", commands.results, help_texts.JOB))
    logs = _with_job(
        add("logs", stack_commands.logs, f"{help_texts.JOB}\n{help_texts.LOGS_PIPE}")
    )
    logs.add_argument(
        "--all", action="store_true", help="also that the API has shown the job"
    )
    _with_job(add("open", stack_commands.open_job, help_texts.JOB))
    for name, run in (("check", checking.check), ("cancel", commands.cancel)):
        _with_job(add(name, run, help_texts.JOB), offered=completion.RUNNING)
    approve = _with_job(
        add("approve", commands.approve, help_texts.JOB), offered=completion.RUNNING
    )
    retry = _with_job(
        add_list_options(add("retry", commands.retry, help_texts.JOB)),
    )
    for waiting in (submit, status, approve, retry):
        waiting.add_argument("--wait", action="store_true", help="until the job ends")
    erase = _with_job(add("erase", erasing.erase, help_texts.JOB))
    erasing.add_arguments(erase)
    forget = add("forget", forgetting.forget, upload_types())
    forgetting.add_arguments(forget)
    add_verification(forget)
    watch = add("watch", live_commands.watch, help_texts.WATCH_PIPE)
    watch.add_argument("--once", action="store_true", help="print once, for scripts")
    most = api_description.most_jobs()
    watch.add_argument(
        "--limit",
        type=argument_types.whole_number(most),
        default=20,
        help=f"1 to {most}, default: 20",
    )
    page = add("page", live_commands.page)
    for live, seconds in ((watch, 2.0), (page, 5.0)):
        live.add_argument(
            "--every",
            type=argument_types.seconds,
            default=seconds,
            metavar="SECONDS",
            help="refresh",
        )
    add("doctor", stack_commands.doctor)
    add("drill", drills.drill).add_argument("drill", choices=drills.DRILLS)
    script = subparsers.add_parser(
        "completion",
        help="Print a script that completes commands in a shell.",
        epilog=f"example:\n  {help_texts.EXAMPLES['completion']}",
    )
    script.add_argument("shell", choices=("bash", "zsh"))
    return whole


def _add_results(results: argparse.ArgumentParser) -> None:
    """Add which results of which jobs are shown, or downloaded."""
    jobs_of = results.add_argument(
        "job_ids", nargs="+", type=read_job_id, metavar="JOB", help="a job, or several"
    )
    jobs_of.complete = completion.NEWEST  # type: ignore[attr-defined] # shtab reads it
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
    results.add_argument(
        "--errors",
        action="store_true",
        help="what the provider said of failures, also of earlier attempts",
    )
    folder.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # shtab reads it


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


def _with_job(
    target: argparse.ArgumentParser, *, offered: dict[str, str] = completion.NEWEST
) -> argparse.ArgumentParser:
    job = target.add_argument("job_id", type=read_job_id, metavar="JOB")
    job.complete = offered  # type: ignore[attr-defined] # shtab reads it
    return target


def _outcomes() -> list[str]:
    return [*sorted(api_description.outcomes()), "running"]
