"""One line per message, for people or for machines, and nothing in it that a terminal would obey."""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Iterator

import orjson
import pytest

from daemon import logs

logger = logging.getLogger("cutoverd.test")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


class Written(io.StringIO):
    """What the log's thread has written once it has written everything."""

    def getvalue(self) -> str:
        for handler in logging.getLogger().handlers:
            handler.flush()
        return super().getvalue()


@pytest.fixture
def human() -> io.StringIO:
    stream = Written()
    logs.configure(stream, json=False)
    return stream


@pytest.fixture
def machine() -> io.StringIO:
    stream = Written()
    logs.configure(stream, json=True)
    return stream


def test_people_read_utc_and_local_time_level_subject_and_message(human: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    record = logger.makeRecord(
        "x", logging.WARNING, "f", 1, "tripped after %d", (3,), None, extra={"gate": "inbound", "run": "r1"}
    )
    record.created, record.msecs = 1_796_508_000.123, 123.0
    logging.getLogger().handle(record)
    line = human.getvalue()
    assert line.startswith("2026-12-05 22:00:00.123Z (")
    assert line.endswith(") WARNING gate=inbound run=r1: tripped after 3\n")


def test_machines_read_one_json_object_per_line(machine: io.StringIO) -> None:
    logger.info("step %s done", "dns", extra={"step": "p/dns/dns/sip", "run": "r1", "probe": "trunk-new", "gate": "inbound"})
    told = orjson.loads(machine.getvalue())
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "info", "logger": "cutoverd.test", "message": "step dns done",
        "gate": "inbound", "probe": "trunk-new", "run": "r1", "step": "p/dns/dns/sip",
    }  # fmt: skip


FORGED = "ok\n2026-12-05 22:00:00.000Z INFO: run r1 restored\r\x1b[2J\x9b31m\u202egnp\u2028x"


def test_a_message_from_outside_stays_one_line_for_people(human: io.StringIO) -> None:
    logger.info("peer said %s", FORGED)
    assert human.getvalue().count("\n") == 1
    for character in "\r\x1b\x9b\u202e\u2028":
        assert character not in human.getvalue()
    assert r"ok\n2026-12-05" in human.getvalue()


def test_a_message_from_outside_stays_one_line_for_machines(machine: io.StringIO) -> None:
    logger.info("peer said %s", FORGED)
    assert machine.getvalue().count("\n") == 1
    message = orjson.loads(machine.getvalue())["message"]
    assert not any(character in message for character in "\n\r\x1b\x9b\u202e\u2028")


def test_a_field_from_outside_is_escaped_too(human: io.StringIO) -> None:
    logger.info("x", extra={"step": "a\nb"})
    assert human.getvalue().count("\n") == 1


def test_what_cannot_be_encoded_is_escaped_and_not_lost(machine: io.StringIO) -> None:
    logger.info("half a \ud800 character")
    assert orjson.loads(machine.getvalue())["message"] == "half a \\ud800 character"


def test_ordinary_characters_of_any_language_are_left_alone(human: io.StringIO) -> None:
    logger.info("größer ≥ 3, 統合")
    assert "größer ≥ 3, 統合" in human.getvalue()


@pytest.mark.parametrize("json", [False, True])
def test_a_traceback_cannot_pass_for_a_line_of_its_own(json: bool) -> None:
    stream = Written()
    logs.configure(stream, json=json)
    try:
        raise ValueError("bad\n2026-12-05 22:00:00.000Z INFO: all well\x1b[2J")
    except ValueError:
        logger.exception("failed")
    assert "\x1b" not in stream.getvalue()
    if json:
        assert orjson.loads(stream.getvalue())["trace"][-1].startswith("2026-12-05")
    else:
        assert all(line.startswith("    ") for line in stream.getvalue().splitlines()[1:])


def test_below_the_level_nothing_is_written() -> None:
    stream = Written()
    logs.configure(stream, json=False, level=logging.WARNING)
    logger.info("quiet")
    assert stream.getvalue() == ""


def test_configuring_again_replaces_the_first_and_keeps_foreign_handlers(human: io.StringIO) -> None:
    foreign = logging.NullHandler()
    logging.getLogger().addHandler(foreign)
    second = Written()
    logs.configure(second, json=True)
    logger.info("once")
    assert human.getvalue() == ""
    assert second.getvalue().count("once") == 1
    assert foreign in logging.getLogger().handlers


def test_warnings_of_the_interpreter_are_logged() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        stream = Written()
        logs.configure(stream, json=False)
        warnings.warn("a socket was left open", ResourceWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "a socket was left open" in stream.getvalue()


def test_a_stream_that_takes_nothing_holds_nobody_and_what_was_dropped_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_LINES", 2)
    taken, told = threading.Event(), threading.Event()

    class Stuck(Written):
        def write(self, text: str) -> int:
            told.set()
            taken.wait(10)
            return super().write(text)

    stream = Stuck()
    logs.configure(stream, json=False)
    logger.warning("first")
    assert told.wait(10)
    for number in range(5):
        logger.warning("line %d", number)
    taken.set()
    assert "line 1" in stream.getvalue()
    logger.warning("last")
    assert "3 log lines were dropped" in stream.getvalue()
    assert "last" in stream.getvalue()
