"""Drills: let the simulated providers fail, so that people practise what to do then."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.faults import Answer
from local.simulators.ipqs import IpqsSimulator, Spent
from local.simulators.provider import SimulatedProvider
from local.simulators.txncheck import TxncheckSimulator

OFF = "off"
#: How long a provider asks to wait in the drill `throttled`.
_THROTTLED_SECONDS = "10"


@dataclass(frozen=True, kw_only=True)
class Drill:
    """A fault of the providers: how it is switched on, and what people see and do.

    The texts are for whoever has the local stack; `sees` and `does` are Markdown.
    """

    fault: str
    sees: str
    does: str
    begin: Callable[[IpqsSimulator, TxncheckSimulator], None]


class DrillSwitch:
    """Switches drills of two simulators on and off, one drill at a time."""

    def __init__(self, ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
        self._ipqs, self._txncheck = ipqs, txncheck
        self._usual: list[tuple[SimulatedProvider[Any], Any, frozenset[str]]] = [
            (provider, provider.behaviour, provider.keys)
            for provider in (ipqs, txncheck)
        ]
        #: The drill that is on, and since when; empty, and 0, without one.
        self.current, self.since = "", 0.0

    def begin(self, name: str, *, now: float) -> Drill:
        """End the current drill, and begin another one.

        Raises:
            KeyError: There is no such drill.
        """
        drill = DRILLS[name]
        self.end()
        drill.begin(self._ipqs, self._txncheck)
        self.current, self.since = name, now
        return drill

    def end(self) -> None:
        """Let the providers do again what they did before; jobs are kept."""
        for provider, behaviour, keys in self._usual:
            provider.behaviour, provider.keys = behaviour, keys
            provider.answer_always({})
        self.current, self.since = "", 0.0


def _always(answer: Answer, *providers: SimulatedProvider[Any]) -> None:
    for provider in providers:
        provider.answer_always(dict.fromkeys(provider.calls, answer))


def _refuse_keys(ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    for provider in (ipqs, txncheck):
        provider.rotate_key("a key that the secret does not have")


def _be_down(ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    _always(Answer.html(503), ipqs, txncheck)


def _throttle(ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    _always(Answer.http(429, b"{}", retry_after=_THROTTLED_SECONDS), ipqs, txncheck)


def _be_slow(ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    ipqs.behave(seconds_processing=math.inf)
    txncheck.behave(seconds_processing=math.inf)


def _lack_credits(ipqs: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    ipqs.behave(credits_back_at=math.inf)
    txncheck.behave(credits_back_at=math.inf)


def _expire_links(ipqs: IpqsSimulator, _: TxncheckSimulator) -> None:
    status, media_type, body = Spent.FORBIDDEN.value
    expired = Answer.http(status, body.encode(), content_type=media_type)
    ipqs.answer_always({"download": expired})


def _lose_webhooks(_: IpqsSimulator, txncheck: TxncheckSimulator) -> None:
    txncheck.behave(webhook_losses=math.inf)


#: By the names that `./courier drill` takes.
DRILLS: Mapping[str, Drill] = {
    "key-refused": Drill(
        fault="Both providers refuse the key that the secret has.",
        sees="A new job ends as `failed` within seconds, with `CredentialsRejected` "
        "and what to do about it in `./courier status JOB`. A job that the "
        "provider has accepted ends so after three checks.",
        does="On a deployed stack: write a key that is valid into the secret. Here: "
        "end the drill. Then `./courier retry JOB --wait`: what was submitted is "
        "not paid again.",
        begin=_refuse_keys,
    ),
    "provider-down": Drill(
        fault="Both providers answer every call with a page and the status 503.",
        sees="A job that was submitted before goes on running, and `./courier logs "
        "JOB` has `ProviderUnavailable` again and again, at growing intervals. A "
        "new one may have been accepted before the page came: it is looked for in "
        "the list of IPQS as soon as that answers again, is not there, and ends "
        "as `SubmitOutcomeUnknown`.",
        does="For a job that was submitted: nothing, it goes on once the drill has "
        "ended. For a new one: what the run-book says of this error under *Retry "
        "a job*. Here the file is not at the provider, so upload it again.",
        begin=_be_down,
    ),
    "throttled": Drill(
        fault="Both providers answer every call with 429 and ask to wait for 10 "
        "seconds.",
        sees="The job goes on running. `./courier logs JOB` has `ProviderThrottled`, "
        "and the next call comes no sooner than it was asked to.",
        does="If it lasts, make fewer calls (alarm *provider throttling*). The job "
        "goes on by itself once the drill has ended.",
        begin=_throttle,
    ),
    "slow": Drill(
        fault="Neither provider gets any further with a job that it has accepted.",
        sees="The job stays `running`; `./courier status JOB` counts its checks, which "
        "become rarer, and has the deadline.",
        does="Nothing before the deadline: the next check after the end of the drill "
        "finds the results. `./courier cancel JOB` stops following a job.",
        begin=_be_slow,
    ),
    "out-of-credits": Drill(
        fault="Both providers refuse submissions, as the credits are used up.",
        sees="A new job is not submitted and waits: `./courier list` and the page say "
        "`waiting out OutOfCredits`, and `./courier status JOB` since when.",
        does="On a deployed stack: buy credits. The jobs go on by themselves once the "
        "drill has ended; do not upload the files again.",
        begin=_lack_credits,
    ),
    "link-expired": Drill(
        fault="Every link to a result of IPQS has expired when it is followed.",
        sees="A job that is finished at IPQS does not end. `./courier logs JOB` has "
        "`LinkSpent` for each result; each try has a link of its own, and the "
        "pauses between them grow.",
        does="Nothing: the next try after the end of the drill brings the results, and "
        "nothing is paid again.",
        begin=_expire_links,
    ),
    "webhook-lost": Drill(
        fault="No webhook of TxnCheck arrives.",
        sees="A request (`--provider txncheck`) takes as long as the wait for its "
        "webhook, a minute, instead of some seconds. Then a check finds the "
        "result, and the job ends as usual.",
        does="Nothing for the job. If it lasts on a deployed stack, compare the "
        "settings of the webhook with those at the provider (alarm *webhooks "
        "missing*).",
        begin=_lose_webhooks,
    ),
}
