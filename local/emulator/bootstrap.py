"""First code of a Lambda environment: goes when the emulator goes, runs AWS' runtime.

Run as a script by path, with -P, so that neither this directory nor the project
is importable: the handler sees its asset, then what the interpreter has (boto3,
as in AWS' own runtimes).
"""

import os
import signal
import sys
import threading


def _end_with_emulator(watched: int) -> None:
    """A pipe that ends says that the emulator is gone, however it went."""
    os.read(watched, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Watch the pipe named by the first argument, serve the handler of the second."""
    watched, handler = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with_emulator, args=(watched,), daemon=True).start()

    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 - once watched

    serve(["awslambdaric", handler])


if __name__ == "__main__":
    main()
