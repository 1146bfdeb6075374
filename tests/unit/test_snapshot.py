"""Snapshot: importing the API's handler leaves nothing that a snapshot must not keep.

With SnapStart, many environments start from the memory of one, hours or days later.
"""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
#: Notes who of ours asks for time or chance while the handler is imported, then what
#: was made and learned.
_IMPORT = """
import os, random, sys, time, uuid

def noted(name, called):
    def note(*arguments, **options):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.startswith("functions."):
            print(caller, "asks for", name)
        return called(*arguments, **options)
    return note

for module, name in (
    (time, "time"), (random, "random"), (uuid, "uuid4"), (os, "urandom"),
):
    setattr(module, name, noted(name, getattr(module, name)))

import functions.api.handler
from functions.aws import aws_time, clients, secret, settings

for made in (
    aws_time.session, clients.dynamodb, clients.s3, clients.secrets_manager,
    clients.signing_s3, clients.sns, clients.step_functions, clients.sts,
    functions.api.handler._api, secret._cached_secrets, settings.function_settings,
):
    if made.cache_info().currsize:
        print("made:", made.__name__)
if aws_time.offset.is_known:
    print("AWS' time is known")
"""


def test_importing_the_api_makes_nothing_that_grows_old() -> None:
    """It would be the same everywhere: credentials, connections, the time, an id."""
    imported = subprocess.run(
        [sys.executable, "-c", _IMPORT],
        cwd=_ROOT,
        env={"PATH": ""},  # so that whatever reads a setting fails
        capture_output=True,
        text=True,
        check=False,
    )

    assert (imported.returncode, imported.stdout) == (0, ""), imported.stderr
