"""Put faults of release 0.1.0 back, and show after how many examples each is found.

python -m tests.model                   200 examples for each fault
python -m tests.model --examples 1000   more, if the model has become larger
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hypothesis import Phase, settings

import infra.node  # noqa: F401 - aws_cdk starts Node as it is imported
from local.assembly import synthesize
from tests.model.earlier_faults import EARLIER_FAULTS
from tests.model.machine import Progress, Violation
from tests.model.run import run_examples
from tests.world.deployment import STAGE
from tests.world.site import Site


def main(arguments: Sequence[str] | None = None) -> int:
    """Look for each fault; return 1 if one of them is not found."""
    summary, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.model",
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--examples", type=int, default=200)
    options = parser.parse_args(arguments)
    # The first example that fails is wanted, not the shortest.
    search = settings(
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
    )
    missed = 0
    with (
        tempfile.TemporaryDirectory(prefix="model-") as folder,
        Site.opened(synthesize(STAGE, Path(folder))) as site,
    ):
        for name, put_back in EARLIER_FAULTS.items():
            progress = Progress()
            with put_back(), suppress(Violation):
                run_examples(site, options.examples, search, progress)
            missed += not progress.failed_at
            found = progress.found[0] if progress.found else "not found"
            print(f"{name}: {progress.failed_at or '-'} examples ({found:.100})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
