"""The IPQS simulator as tests and the local stack use it."""

from collections.abc import Mapping

from local.simulators.ipqs.api import Api
from local.simulators.ipqs.downloads import Downloads
from local.simulators.ipqs.state import IpqsState
from local.simulators.server import Application


class IpqsSimulator(IpqsState):
    """IPQS' bulk API and its download host; made by `started`."""

    def hosts(self) -> Mapping[str, Application]:
        """Return the application of each host."""
        return {"API": Api(self), "Downloads": Downloads(self)}
