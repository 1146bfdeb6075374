"""Shell command: run one, and print what it and all that it started took.

    python -m benchmarks.shell_command 'curl … | aws …' BYTES

It is a process of its own because a peak of memory begins with that of the parent.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> int:
    """Run the command, and print seconds, the processor's seconds and the peak."""
    _, command, size = sys.argv
    begin = time.perf_counter()
    subprocess.run(["/bin/bash", "-o", "pipefail", "-c", command], check=True)  # noqa: S603 - our own command line
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "bytes": int(size),
                "seconds": time.perf_counter() - begin,
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak_kib": usage.ru_maxrss,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
