"""The simulator of IPQS' bulk CSV API; `simulator.py` is where to begin."""

from local.simulators.call_limit import CallLimit
from local.simulators.clock import Clock, RunningClock
from local.simulators.content import Content
from local.simulators.faults import Answer
from local.simulators.http_writer import Delivery, Ending, Framing
from local.simulators.ipqs.behaviour import (
    UNKNOWNS,
    Compression,
    IpqsBehaviour,
    Spent,
)
from local.simulators.ipqs.job import Csv
from local.simulators.ipqs.simulator import IpqsSimulator
from local.simulators.ipqs.verification import COLUMNS

__all__ = [
    "COLUMNS",
    "UNKNOWNS",
    "Answer",
    "CallLimit",
    "Clock",
    "Compression",
    "Content",
    "Csv",
    "Delivery",
    "Ending",
    "Framing",
    "IpqsBehaviour",
    "IpqsSimulator",
    "RunningClock",
    "Spent",
]
