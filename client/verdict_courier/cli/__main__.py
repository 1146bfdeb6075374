"""Run the `courier` command, a client of the Verdict Courier API."""

import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    # Until the modules are read, Ctrl-C has nothing to stop: end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC
from functools import partial

from verdict_courier.api_client import ApiError, ApiUnreachable
from verdict_courier.cli import arguments as command_line
from verdict_courier.cli import completion
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import LOCAL, command_on, connect
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.terminal import accept_any_text, close_output

_CODES: dict[type[Exception], ExitCode] = {
    Misused: ExitCode.MISUSED,
    ApiError: ExitCode.REFUSED,
    ApiUnreachable: ExitCode.UNREACHABLE,
    OSError: ExitCode.MISUSED,
}
_INTERRUPTED = {
    "watch": "Stopped watching; the jobs go on.",
    "page": "The page is no longer served; the jobs go on.",
    **dict.fromkeys(
        ("submit", "quote", "approve", "check", "cancel", "retry", "erase"),
        "Interrupted. Whether the API has done it is not known: "
        "`courier list` shows the jobs.",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    accept_any_text()
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        close_output()
        return ExitCode.OUTPUT_CLOSED


def _run(arguments: Sequence[str] | None) -> ExitCode:
    display = Display(as_json=False)
    options = Namespace(command="")
    try:
        options = command_line.parse(arguments)
        if options.command == "completion":
            display.script(completion.script(command_line.parser(), options.shell))
            return ExitCode.DONE
        display = Display(
            as_json=options.json,
            zone=UTC if options.utc else None,
            is_local=options.stage == LOCAL and not options.url,
            command=partial(command_on, options),
        )
        if options.command in ("doctor", "drill"):  # neither calls the API, or at first
            code: ExitCode = options.run(display, options)
            return code
        api = connect(options.stage, profile=options.profile, url=options.url)
        code = options.run(api, display, options)
    except (Misused, ApiError, ApiUnreachable, OSError) as error:
        display.error(_sentence(error))
        return next(code for kind, code in _CODES.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        display.note(_INTERRUPTED.get(options.command, "Interrupted."))
        ends_so = options.command in ("watch", "page")
        return ExitCode.DONE if ends_so else ExitCode.INTERRUPTED
    return code


def _sentence(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or type(error).__name__}"


if __name__ == "__main__":
    sys.exit(main())
