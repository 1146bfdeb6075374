"""Run the web console of a local stack as a process.

    python -m verdict_courier.console --api-url URL --endpoint URL --topic ARN

It prints the console's address, and ends when its standard input is closed, at the
latest when the process that started it ends.
"""

import argparse
import sys

from verdict_courier.console.local_console import serve_local_console


def main() -> None:
    """Serve the console until standard input is closed."""
    parser = argparse.ArgumentParser(prog="verdict_courier.console")
    parser.add_argument("--api-url", required=True, help="URL of the stack's API")
    parser.add_argument("--endpoint", required=True, help="URL of the emulator")
    parser.add_argument("--topic", required=True, help="ARN of the notices topic")
    options = parser.parse_args()
    with serve_local_console(
        api_url=options.api_url, endpoint=options.endpoint, topic=options.topic
    ) as address:
        print(address, flush=True)  # noqa: T201 - the parent process reads it
        sys.stdin.read()


if __name__ == "__main__":
    main()
