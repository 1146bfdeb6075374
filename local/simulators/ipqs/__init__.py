"""The simulator of IPQS' bulk CSV API; `simulator.py` is where to begin."""

from local.simulators.clock import Clock, RunningClock
from local.simulators.content import Content
from local.simulators.faults import Answer
from local.simulators.http_writer import Delivery, Ending, Framing
from local.simulators.ipqs.behaviour import (
    COLUMNS,
    UNKNOWNS,
    Behaviour,
    Compression,
    RateLimit,
    Spent,
    XmlNull,
)
from local.simulators.ipqs.job import Csv
from local.simulators.ipqs.seen import Seen
from local.simulators.ipqs.simulator import IpqsSimulator

__all__ = [
    "COLUMNS",
    "UNKNOWNS",
    "Answer",
    "Behaviour",
    "Clock",
    "Compression",
    "Content",
    "Csv",
    "Delivery",
    "Ending",
    "Framing",
    "IpqsSimulator",
    "RateLimit",
    "RunningClock",
    "Seen",
    "Spent",
    "XmlNull",
]
