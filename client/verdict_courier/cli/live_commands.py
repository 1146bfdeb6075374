"""Run the commands of `courier` that show jobs live until Ctrl-C."""

import threading
import time
from argparse import Namespace

from rich.console import Group
from rich.table import Table

from verdict_courier.api_client import ApiClient
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import LOCAL, local_address
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.texts import plain
from verdict_courier.cli.watch import table, watch_columns
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.server import serve
from verdict_courier.job_feed import JobFeed
from verdict_courier.patience import read_patiently


def watch(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the newest jobs with their timelines, live."""
    feed = JobFeed(api, limit=options.limit)
    if options.once or not display.is_live:
        jobs = read_patiently(feed.read, display.note)
        display.table(watch_columns(now=time.time()), jobs, table)
        return ExitCode.DONE
    with display.live() as live:
        drawn = Table()

        def tell(note: str) -> None:
            live.update(Group(drawn, plain(note, "yellow")), refresh=True)

        while True:  # until Ctrl-C
            jobs = read_patiently(feed.read, tell)
            drawn = table(watch_columns(now=time.time()), jobs, display.width)
            live.update(drawn, refresh=True)
            time.sleep(options.every)


def page(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the jobs in a browser, live."""
    if options.stage == LOCAL and not options.url:
        # `make up` serves it already, and with log lines and messages.
        display.address(local_address("console_url"))
        return ExitCode.DONE
    console = WebConsole(
        api,
        stack=options.url or options.stage,
        refresh_seconds=options.every,
        log_source=AwsConsoleLinks(),
    )
    with serve(console.respond, console.act) as address:
        display.address(address)
        display.note(
            "Whoever has this address sees the jobs, and can cancel, retry and approve "
            "them. Ctrl-C stops it."
        )
        threading.Event().wait()
    return ExitCode.DONE
