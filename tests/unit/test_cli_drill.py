"""The command line drills the local stack, and no other."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from verdict_courier.cli import drills
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.stack_checks import Finding

from local import up
from local.drill_server import serve_drills
from local.drills import DRILLS, OFF, DrillSwitch
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.unit.test_stack_record import locked


@dataclass(frozen=True)
class Providers:
    """Simulated providers, and the address at which they are switched."""

    ipqs: IpqsSimulator
    txncheck: TxncheckSimulator
    address: str

    def states(self) -> list[object]:
        """Return all that drills change."""
        return [
            (each.behaviour, each.keys, dict(each._usual_answers))
            for each in (self.ipqs, self.txncheck)
        ]


@pytest.fixture
def providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Providers]:
    """Serve the drills of two simulators as `make up` does."""
    record = tmp_path / "stack.json"
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", record)
    with (
        IpqsSimulator.started(api_key="k") as ipqs,
        TxncheckSimulator.started(api_key="k") as txncheck,
        serve_drills(DrillSwitch(ipqs, txncheck)) as address,
    ):
        record.write_text(json.dumps({"drills_url": address}))
        with locked(record):
            yield Providers(ipqs, txncheck, address)


def test_the_client_offers_the_drills_that_there_are() -> None:
    """The client is installed without the local stack, and has the names only."""
    assert (*DRILLS, OFF) == drills.DRILLS


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_says_what_to_see_and_how_to_end_it(
    providers: Providers, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Who begins it should not have to look for it in the run-book."""
    usual = providers.states()

    assert main(["drill", name]) == ExitCode.DONE

    printed = dict(
        line.split("\t") for line in capsys.readouterr().out.strip().splitlines()
    )
    assert printed["drill"] == name
    assert printed["see"] == DRILLS[name].sees
    assert printed["end it with"] == "courier drill off"
    assert providers.states() != usual

    assert main(["drill", "off"]) == ExitCode.DONE
    assert providers.states() == usual


def test_a_drill_ends_the_one_before(providers: Providers) -> None:
    """Two faults at once are for those who know one at a time."""
    assert main(["drill", "throttled"]) == ExitCode.DONE
    assert main(["drill", "out-of-credits"]) == ExitCode.DONE

    assert providers.ipqs.behaviour.credits_back_at > 0
    assert not providers.ipqs._usual_answers


def finding() -> Finding | None:
    """Return what doctor says of drills."""
    options = Namespace(stage="local", profile=None, url="", utc=True)
    return next(drills.drill_finding(options), None)


def test_doctor_says_which_drill_is_on_and_how_to_end_it(providers: Providers) -> None:
    """Who looks for what keeps jobs from running may not be who began it."""
    off = Finding(what="drill", ok=True, seen="none is on")
    assert finding() == off
    before = datetime.now(UTC).replace(microsecond=0)

    main(["drill", "provider-down"])
    on = finding()

    assert on is not None
    assert (on.ok, on.advice) == (False, "End it with: courier drill off")
    name, _, since = on.seen.partition(" is on since ")
    assert name == "provider-down"
    at = datetime.strptime(since, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert before <= at <= datetime.now(UTC)
    record = {"drills_url": providers.address}
    assert up._current_drill(record).startswith("The drill provider-down is on")

    main(["drill", "off"])
    assert finding() == off
    assert up._current_drill(record) == ""


def test_doctor_does_not_guess_about_drills(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack of an earlier release does not say, and one that has ended cannot."""
    gone = providers.address + "not/"
    monkeypatch.setattr(drills, "local_address", lambda _: gone)

    assert finding() is None
    assert up._current_drill({"drills_url": gone}) == ""


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize("stack", ["--stage=prod", "--url=https://h/prod"])
def test_a_deployed_stack_is_not_drilled(
    capsys: pytest.CaptureFixture[str], stack: str
) -> None:
    """Its providers are real, and paid."""
    assert main(["drill", "slow", stack]) == ExitCode.MISUSED

    assert "a deployed stack has real ones" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["", "another-key/slow", "{key}/slwo"])
def test_only_the_holder_of_the_record_begins_a_drill(
    providers: Providers, path: str
) -> None:
    """A page of the web can post to this machine, but does not know the key."""
    root, key = providers.address.rstrip("/").rsplit("/", 1)
    usual = providers.states()

    response = requests.post(f"{root}/{path.format(key=key)}", timeout=10)

    assert response.status_code == 404
    assert providers.states() == usual


def test_a_stack_that_knows_no_such_drill_is_said_so(
    providers: Providers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was started by an earlier version of the clone."""
    monkeypatch.setattr("local.drill_server.DRILLS", {})
    assert providers.address

    assert main(["drill", "slow"]) == ExitCode.UNREACHABLE
    assert "start it anew" in capsys.readouterr().err
