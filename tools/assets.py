"""Print the size of each asset of the functions, packed and unpacked."""

import io
import sys
import zipfile
from pathlib import Path

from infra.bundling import HOST, LAMBDA, bundle, bundle_join

#: Of a function's code with its layers, unpacked:
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAMBDA_LIMIT = 250 * 1024 * 1024


def sizes(asset: Path) -> tuple[int, int]:
    """Return the bytes of an asset, packed as a zip file and unpacked."""
    packed, unpacked = io.BytesIO(), 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.rglob("*")):
            archive.write(path, path.relative_to(asset))
            unpacked += path.stat().st_size if path.is_file() else 0
    return packed.getbuffer().nbytes, unpacked


def main() -> int:
    """Print a line for each asset."""
    assets = {
        "all functions but Join": bundle(LAMBDA),
        "Join, on AWS": bundle_join(LAMBDA),
        "Join, on this machine": bundle_join(HOST),
    }
    for name, asset in assets.items():
        packed, unpacked = (size / 1_000_000 for size in sizes(asset))
        sys.stdout.write(
            f"{name:24} {packed:6.1f} MB packed, {unpacked:6.1f} MB unpacked\n"
        )
    sys.stdout.write(f"Lambda allows {LAMBDA_LIMIT / 1_000_000:.1f} MB unpacked\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
