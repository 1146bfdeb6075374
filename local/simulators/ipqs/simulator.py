"""The IPQS simulator as tests and the local stack use it."""

from collections.abc import Mapping
from functools import partial

from local.simulators.ipqs.api import answer_api
from local.simulators.ipqs.downloads import answer_download
from local.simulators.ipqs.state import IpqsState
from local.simulators.server import Application


class IpqsSimulator(IpqsState):
    """IPQS' bulk API and its download host; create one by `started`."""

    def hosts(self) -> Mapping[str, Application]:
        """Return the application of each host."""
        downloads = partial(answer_download, self)
        return {"API": partial(answer_api, self), "Downloads": downloads}
