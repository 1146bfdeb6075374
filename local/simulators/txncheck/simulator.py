"""The TxnCheck simulator as tests and the local stack use it."""

from collections.abc import Mapping
from functools import partial

from local.simulators.server import Application
from local.simulators.txncheck.api import answer_api
from local.simulators.txncheck.state import TxncheckState


class TxncheckSimulator(TxncheckState):
    """TxnCheck's API and its webhooks; create one by `started`."""

    def hosts(self) -> Mapping[str, Application]:
        """Return the application of the API's host."""
        return {"API": partial(answer_api, self)}
