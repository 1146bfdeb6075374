"""Matrix: bring calls and grants together, and find what is denied or unneeded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.rights.excuses import excuse
from tests.rights.grants import Account
from tests.rights.made_by_aws import made_by_services, made_in_our_name
from tests.rights.needs import needs
from tests.rights.policy import Grant, Request, allowing
from tests.world.world import AwsCall


@dataclass(frozen=True)
class Matrix:
    """Every request of an account, each once, against every grant in it."""

    requests: Sequence[Request]
    grants: Sequence[Grant]

    @cached_property
    def allowing(self) -> Mapping[Request, Sequence[Grant]]:
        """The grants of which each by itself allows a request, by request."""
        by_principal: dict[str, list[Grant]] = {}
        shared = [grant for grant in self.grants if not grant.holder]
        for grant in self.grants:
            by_principal.setdefault(grant.holder, []).append(grant)
        return {
            request: allowing(
                request, [*by_principal.get(request.principal, ()), *shared]
            )
            for request in self.requests
        }

    @property
    def denied(self) -> list[Request]:
        """The requests that no grant allows."""
        return [request for request, grants in self.allowing.items() if not grants]

    @cached_property
    def deciding(self) -> Mapping[Grant, Request]:
        """For each needed grant, one request that nothing else allows."""
        return {
            grants[0]: request
            for request, grants in self.allowing.items()
            if len(grants) == 1
        }

    @property
    def unneeded(self) -> list[Grant]:
        """The grants without which everything would still be allowed.

        Those that the CDK makes have an excuse.
        """
        return [grant for grant in self._idle if not excuse(grant)]

    @property
    def excused(self) -> Mapping[str, Sequence[Grant]]:
        """The unneeded grants that stay, by the reason for it."""
        reasons: dict[str, list[Grant]] = {}
        for grant in self._idle:
            if reason := excuse(grant):
                reasons.setdefault(reason, []).append(grant)
        return reasons

    @property
    def _idle(self) -> list[Grant]:
        """The grants that decide nothing.

        What lets the account decide about a key does so for each of its roles.
        """
        return [
            grant
            for grant in self.grants
            if grant.allows
            and grant not in self.deciding
            and not any(principal.endswith(":root") for principal in grant.principals)
        ]


def matrix_of(account: Account, calls: Iterable[AwsCall]) -> Matrix:
    """Return the matrix of the product's calls, and of those that AWS makes for it."""
    requests = [request for call in calls for request in needs(call, account)]
    requests += made_in_our_name(account)
    requests += made_by_services(account)
    return Matrix([*dict.fromkeys(requests)], account.grants)
