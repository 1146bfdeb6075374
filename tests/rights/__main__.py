"""Print who needs which rights, and whether the template grants these and no others."""

import sys
import tempfile
from pathlib import Path

from local.assembly import synthesize
from tests.infra.template import Template
from tests.rights.grants import Account
from tests.rights.matrix import Matrix, matrix_of
from tests.rights.policy import Grant, Request
from tests.rights.recording import record
from tests.world.deployment import STAGE
from tests.world.site import Site

_ROW = "{:58}{:>8}{:>8}{:>8}{:>9}"


def main() -> int:
    """Print the matrix; return 1 if a call is denied or a grant is unneeded."""
    with tempfile.TemporaryDirectory(prefix="rights-") as folder:
        print("Synthesizing the template …", file=sys.stderr)
        assembly = synthesize(STAGE, Path(folder))
        account = Account(Template.read(assembly))
        print("Running every scenario, with failures …", file=sys.stderr)
        with Site.opened(assembly) as site:
            matrix = matrix_of(account, record(site))
    names = {arn: name for name, arn in account.roles.items()}
    print(_ROW.format("who: action resource", "calls", "allowed", "denied", "unneeded"))
    for principal in dict.fromkeys(r.principal for r in matrix.requests):
        _print(names.get(principal, principal), principal, matrix)
    for reason, grants in matrix.excused.items():
        print(f"{len(grants)} grants that the CDK makes: {reason}")
    print(
        f"{len(matrix.requests)} calls, {len(matrix.denied)} denied; "
        f"{len(matrix.grants)} grants, {len(matrix.unneeded)} unneeded"
    )
    return 1 if matrix.denied or matrix.unneeded else 0


def _print(name: str, principal: str, matrix: Matrix) -> None:
    requests = [r for r in matrix.requests if r.principal == principal]
    denied = [r for r in matrix.denied if r.principal == principal]
    unneeded = [g for g in matrix.unneeded if principal in (g.holder, *g.principals)]
    allowed = len(requests) - len(denied)
    print(_ROW.format(name, len(requests), allowed, len(denied), len(unneeded)))
    rows: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        resource = request.resource.rpartition(":")[2]
        rows.setdefault((request.action, _place(resource)), []).append(request)
    for (action, place), some in sorted(rows.items()):
        wrong = sum(request in denied for request in some)
        text = f"  {action} {place}"
        print(_ROW.format(text, len(some), len(some) - wrong, wrong, ""))
    for grant in unneeded:
        print(f"  unneeded: {_text(grant)}")


def _place(resource: str) -> str:
    """Return a bucket for its objects, and the rest as it is."""
    return resource.partition("/")[0]


def _text(grant: Grant) -> str:
    return f"{grant.action} {grant.resource} {grant.conditions or ''}"


if __name__ == "__main__":
    sys.exit(main())
