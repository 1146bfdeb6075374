"""The simulator of TxnCheck's API; `simulator.py` is where to begin."""

from local.simulators.clock import RunningClock as RunningClock
from local.simulators.faults import Answer as Answer
from local.simulators.provider import CallLimit as CallLimit
from local.simulators.txncheck.behaviour import SCHEME as SCHEME
from local.simulators.txncheck.behaviour import UNKNOWNS as UNKNOWNS
from local.simulators.txncheck.behaviour import RequestOutcome as RequestOutcome
from local.simulators.txncheck.behaviour import TxncheckBehaviour as TxncheckBehaviour
from local.simulators.txncheck.simulator import TxncheckSimulator as TxncheckSimulator
