"""The simulator of TxnCheck's API; `simulator.py` is where to begin."""

from local.simulators.clock import Clock, RunningClock
from local.simulators.faults import Answer
from local.simulators.txncheck.behaviour import (
    UNKNOWNS,
    Behaviour,
    Counts,
    End,
    RateLimit,
    Shape,
    SyncAnswer,
    SyncLate,
)
from local.simulators.txncheck.held import Accepted
from local.simulators.txncheck.seen import Seen
from local.simulators.txncheck.simulator import TxncheckSimulator

__all__ = [
    "UNKNOWNS",
    "Accepted",
    "Answer",
    "Behaviour",
    "Clock",
    "Counts",
    "End",
    "RateLimit",
    "RunningClock",
    "Seen",
    "Shape",
    "SyncAnswer",
    "SyncLate",
    "TxncheckSimulator",
]
