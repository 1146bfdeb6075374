"""Check what the product is made of: known weaknesses, secrets, a bill of materials."""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
#: What runs in the user's AWS account, besides Python and the runtime's boto3.
ASSET_LOCKS = (
    "functions/requirements.lock",
    "functions/join.lock",
    "functions/notices.lock",
)
LOCKS = (*ASSET_LOCKS, "requirements.lock")
#: Secrets of a form that cannot be an accident. Those that judge by entropy or by the
#: name of a variable find the invented keys of the tests by the hundred.
DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
#: SHA-256 of what was found and is no secret, with the reason.
KNOWN = {
    "b49bd8d5deb90494800540c2ee00ab73929a7f02825d28c2518129f1f0cea9fa": "an "
    "invented key that the emulator gave a role, in a recorded answer",
    "28353dfa6be3f5ffb8fba093f1dc2475968cb75c45632ef4db34805f56302378": "the end of "
    "an account's number and the name of a queue, in a recorded event",
    "46e1e49dd424da9cf8b1d2b5a1b599c31649142d6469e143e75bd265a424fa54": "an invented "
    "address of Slack, in a test",
}
#: A longer line is data, such as a picture.
_LONGEST_LINE = 5_000


def audit() -> int:
    """Ask the public database of weaknesses about every locked package.

    Where it does not answer for a package, say so with the date, and go on: a check
    that fails without its source would be switched off.
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--format=json"]
    for lock in LOCKS:
        command += ["--requirement", lock]
    ran = subprocess.run(  # noqa: S603 - the arguments are our own
        [*command, "--progress-spinner=off"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (ran.stderr.strip().splitlines() or ["no answer"])[-1]
        _say(f"SKIPPED on {_today()}: the audit had no answer ({reason[:120]})")
        return 0
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    weak = [
        f"{package['name']} {package['version']}: {weakness['id']}"
        for package in packages
        for weakness in package.get("vulns", ())
    ]
    if skipped:
        _say(f"SKIPPED on {_today()}: no answer for {len(skipped)} of {len(packages)}")
    _say(f"{len(packages) - len(skipped)} packages audited, {len(weak)} weaknesses")
    for line in weak:
        _say(f"  {line}")
    return int(bool(weak))


def secrets() -> int:
    """Search every line that the history ever added for keys and tokens."""
    found = list(find_secrets(_added_lines()))
    for commit, kind in found:
        _say(f"{commit}: {kind}. Revoke it; if it is none, add its hash to KNOWN.")
    _say(f"{len(found)} secrets in the history")
    return int(bool(found))


def find_secrets(lines: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Return the commit and kind of each secret in lines, given with their commits."""
    plugins = [{"name": name} for name in DETECTORS]
    with transient_settings({"plugins_used": plugins}):
        for line, commit in lines.items():
            for secret in scan_line(line):
                value = (secret.secret_value or "").encode()
                if hashlib.sha256(value).hexdigest() not in KNOWN:
                    yield commit, secret.type


def _added_lines() -> dict[str, str]:
    log = subprocess.run(
        ["git", "log", "--patch", "--unified=0", "--no-color", "--format=commit %h"],  # noqa: S607 - the user's own git
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode(errors="replace")
    lines: dict[str, str] = {}
    commit = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith("+") and len(line) < _LONGEST_LINE:
            lines[line[1:].strip()] = commit
    return lines


def sbom() -> int:
    """Print the bill of materials of the deployed functions, as CycloneDX JSON."""
    bom = bill_of_materials(*((ROOT / lock).read_text() for lock in ASSET_LOCKS))
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    sys.stdout.write(outputter.output_as_string(indent=2) + "\n")
    return 0


def bill_of_materials(*locks: str) -> Bom:
    """Return the packages of lock files, with the hashes that they demand."""
    bom = Bom()
    for pinned in "\n".join(locks).replace("\\\n", " ").splitlines():
        name, equals, rest = pinned.partition("==")
        if not equals or name.lstrip().startswith("#"):
            continue
        version = rest.split()[0]
        purl = PackageURL("pypi", name=name, version=version)
        bom.components.add(
            Component(
                bom_ref=str(purl),
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=purl,
                hashes=[
                    HashType(alg=HashAlgorithm.SHA_256, content=digest)
                    for digest in re.findall(r"sha256:([0-9a-f]{64})", rest)
                ],
            )
        )
    return bom


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    """Run one of the checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    checks = {"audit": audit, "secrets": secrets, "sbom": sbom}
    parser.add_argument("check", choices=checks)
    return checks[parser.parse_args().check]()


if __name__ == "__main__":
    sys.exit(main())
