"""The simulator of TxnCheck's API; `simulator.py` is where to begin."""

from local.simulators.call_limit import CallLimit
from local.simulators.clock import Clock, RunningClock
from local.simulators.faults import Answer
from local.simulators.txncheck.behaviour import (
    SCHEME,
    UNKNOWNS,
    RequestOutcome,
    TxncheckBehaviour,
)
from local.simulators.txncheck.simulator import TxncheckSimulator

__all__ = [
    "SCHEME",
    "UNKNOWNS",
    "Answer",
    "CallLimit",
    "Clock",
    "RequestOutcome",
    "RunningClock",
    "TxncheckBehaviour",
    "TxncheckSimulator",
]
