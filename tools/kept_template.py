"""Synthesize the stage `local`, and keep its template for those without the CDK."""

import tempfile
from pathlib import Path

from infra.app import synthesize
from infra.config import LOCAL
from local import kept_template


def main() -> None:
    """Write the template that is kept."""
    with tempfile.TemporaryDirectory() as folder:
        assembly = synthesize(LOCAL, outdir=Path(folder))
        kept_template.KEPT.write_text(kept_template.keep(assembly), "utf-8")


if __name__ == "__main__":
    main()
