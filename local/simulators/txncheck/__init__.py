"""The simulator of TxnCheck's API; `simulator.py` is where to begin."""

from local.simulators.clock import Clock, RunningClock
from local.simulators.faults import Answer
from local.simulators.txncheck.behaviour import (
    SCHEME,
    UNKNOWNS,
    Behaviour,
    Counts,
    End,
    RateLimit,
    Shape,
    Signature,
    SyncAnswer,
    SyncLate,
)
from local.simulators.txncheck.job import Accepted
from local.simulators.txncheck.seen import Seen
from local.simulators.txncheck.simulator import TxncheckSimulator
from local.simulators.txncheck.webhooks import Attempt

__all__ = [
    "SCHEME",
    "UNKNOWNS",
    "Accepted",
    "Answer",
    "Attempt",
    "Behaviour",
    "Clock",
    "Counts",
    "End",
    "RateLimit",
    "RunningClock",
    "Seen",
    "Shape",
    "Signature",
    "SyncAnswer",
    "SyncLate",
    "TxncheckSimulator",
]
