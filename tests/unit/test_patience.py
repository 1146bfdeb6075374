"""A read is repeated while the API is too busy, and a change never is."""

from collections.abc import Iterator

import pytest
from verdict_courier.api_client import ApiClient, ApiError
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.patience import read_patiently

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_BUSY = {"title": "Try the same request again later."}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses, which take no time."""
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API, to which the command line is connected."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        yield server


class Failing:
    """A read that is refused with each of these statuses before it succeeds."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.reads = 0

    def __call__(self) -> str:
        """Read."""
        self.reads += 1
        if self._statuses:
            raise ApiError({"title": "No.", "status": self._statuses.pop(0)})
        return "answer"


def test_a_refusal_that_passes_is_outlasted(pauses: list[float]) -> None:
    """A wait of hours must not end because of a second."""
    told: list[str] = []

    answer = read_patiently(Failing(429, 503, 504), told.append)

    assert answer == "answer"
    assert pauses == sorted(set(pauses))
    assert told == [f"No. Asking again in {pause:g} s …" for pause in pauses]


def test_patience_ends(pauses: list[float]) -> None:
    """An API that stays away is a fault that somebody has to see."""
    read = Failing(*[503] * 100)

    with pytest.raises(ApiError):
        read_patiently(read, lambda _: None)

    assert read.reads == len(pauses) + 1
    assert 60 < sum(pauses) < 300


@pytest.mark.parametrize("status", [0, 400, 403, 404, 409, 500])
def test_a_refusal_that_stays_is_not_repeated(pauses: list[float], status: int) -> None:
    """It would only be said later."""
    with pytest.raises(ApiError):
        read_patiently(Failing(status), lambda _: None)

    assert not pauses


@pytest.mark.parametrize(
    "command", [("status", _ID, "--wait"), ("watch", "--once")], ids=lambda w: w[0]
)
@pytest.mark.parametrize("status", [429, 503])
def test_waiting_and_watching_are_patient(
    api: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    status: int,
) -> None:
    """API Gateway says in its own words, without a status, that it throttles."""
    api.answer_all(Answer.json({"message": "Too Many Requests"}, status=status))

    def recover(_: float) -> None:
        api.answer_all(Answer.json(JOB))
        api.answers["/jobs"] = Answer.json({"jobs": [], "next": None})

    monkeypatch.setattr("time.sleep", recover)

    assert main(command) == ExitCode.DONE
    assert f"HTTP {status} Asking again in 1 s" in capsys.readouterr().err


def test_waiting_goes_on_after_a_refusal(
    api: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is not over because one of a thousand questions was refused."""
    answers = [
        Answer.json(_BUSY, status=503),
        Answer.json({**JOB, "outcome": None}),
        Answer.json(_BUSY, status=429),
        Answer.json(JOB),
    ]
    api.answer_all(Answer.json({**JOB, "outcome": None}))
    monkeypatch.setattr("time.sleep", lambda _: api.answer_all(answers.pop(0)))

    assert main(["status", _ID, "--wait"]) == ExitCode.DONE
    assert not answers


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_change_is_sent_once(
    api: ScriptedServer, pauses: list[float], verb: str
) -> None:
    """A retry whose answer was lost would be a second one, which is paid for."""
    api.answer_all(Answer.json(_BUSY, status=503))

    assert main([verb, _ID]) == ExitCode.REFUSED

    assert len(api.requests) == 1
    assert not pauses
