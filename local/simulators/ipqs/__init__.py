"""The simulator of IPQS' bulk CSV API; `simulator.py` is where to begin."""

from local.simulators.clock import RunningClock as RunningClock
from local.simulators.content import Content as Content
from local.simulators.faults import Answer as Answer
from local.simulators.http_writer import Ending as Ending
from local.simulators.http_writer import Framing as Framing
from local.simulators.ipqs.behaviour import UNKNOWNS as UNKNOWNS
from local.simulators.ipqs.behaviour import Compression as Compression
from local.simulators.ipqs.behaviour import FileNames as FileNames
from local.simulators.ipqs.behaviour import IpqsBehaviour as IpqsBehaviour
from local.simulators.ipqs.behaviour import Spent as Spent
from local.simulators.ipqs.simulator import IpqsSimulator as IpqsSimulator
from local.simulators.provider import CallLimit as CallLimit
