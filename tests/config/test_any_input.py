"""Whatever a file holds, it is Settings or ConfigInvalid: one printable line for each problem, within the file, no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import judge
from config.problem import ConfigInvalid, Problem
from tests.config.conftest import EXAMPLE

SOUND = EXAMPLE.read_text(encoding="utf-8")
PATIENT = settings(deadline=None)  # a busy machine is no failure
PUNCTUATION = list("{}[]:-?&*!|>#%~@`\"'\t\n\\\x85\u2028")
TOKENS = st.sampled_from(
    [
        *PUNCTUATION,
        ": ",
        "- ",
        "\n  ",
        "---\n",
        "...\n",
        "&a ",
        "*a",
        "!!str ",
        "%YAML 1.1\n",
        "<<",
        "5s",
        '"\\ud800"',
        '"\\UFFFFFFFF"',
    ]
)


def nodes(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path] + [found for key, value in inner for found in nodes(value, (*path, key))]


PLAIN = json.loads(
    """{"name": "n", "cutover": {"opens": "2026-12-05T22:00:00Z", "closes": "2026-12-06T06:00:00Z"},
    "server": {"webhook": {"listen": "127.0.0.1:1", "keys": [{"name": "k", "secret": {"env": "K"}}]},
               "admin": {"listen": "127.0.0.1:2"}},
    "store": {"url": "sqlite:///x"}, "probes": {"p": {"kind": "sip_options", "path": "new", "target": "sip:h"}},
    "gates": {"g": {"trip": {"probes": ["p"], "codes": [503]}, "on_trip": [{"run": "r"}]}},
    "plans": {"r": {"stages": [{"name": "s", "then_wait": {"for": "1s"}, "steps": [{"kind": "dns", "zone": "z.", "records":
    [{"name": "a", "type": "A", "values": ["192.0.2.1"]}], "provider": {"rfc2136": {"server": "h:53", "key": {"name": "k",
    "secret": {"env": "T"}}}}}, {"kind": "http", "id": "h", "api": "a", "vars": {"v": "x"}, "timeout": "1s", "capture": {"path":
    "/x/{v}", "keep": ["/a"], "sets": ["/a"], "at": "/0"}, "revert": [{"method": "POST", "path": "/x", "id": "q", "idempotency":
    "job", "body": {"$merge": ["current", "baseline"], "b": "{current/a}"}, "busy": {"status": [409]}}], "poll": {"ok": {"/s":
    "d"}, "every": "1s"}, "verify": {"stable": 2}}]}]}}, "apis": {"a": {"base": "https://a"}}}"""
)
KEYS = st.sampled_from(sorted({str(part) for path in nodes(PLAIN) for part in path}))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | KEYS
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25)


def judged(data: bytes) -> tuple[Problem, ...]:
    try:
        judge(data, file="f.yaml", folder="/etc/cutoverd")
    except ConfigInvalid as invalid:
        # Refused without a reason would be a refusal that nobody can mend.
        return invalid.problems or (Problem("f.yaml", 0, 0, "", "no reason"),)
    return ()


def assert_presentable(data: bytes) -> None:
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xe2\x80\xa8") + data.count(b"\xc2\x85") + 1
    for problem in judged(data):
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert str(problem).isprintable()


@given(st.binary(max_size=200))
@PATIENT
def test_any_bytes(data: bytes) -> None:
    assert_presentable(data)


@given(st.lists(TOKENS, max_size=40))
@PATIENT
def test_any_yaml(tokens: list[str]) -> None:
    assert_presentable("".join(tokens).encode())


@given(TREES)
@PATIENT
def test_any_tree(tree: Any) -> None:
    assert_presentable(json.dumps(tree, ensure_ascii=False).encode("utf-8", errors="replace"))


@given(st.integers(0, len(SOUND)), st.integers(0, 30), st.lists(TOKENS, max_size=4))
@PATIENT
def test_the_example_with_a_piece_replaced(at: int, length: int, tokens: list[str]) -> None:
    assert_presentable((SOUND[:at] + "".join(tokens) + SOUND[at + length :]).encode())


@given(st.data())
@PATIENT
def test_a_sound_file_with_some_values_replaced(data: st.DataObject) -> None:
    tree = json.loads(json.dumps(PLAIN))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in nodes(tree) if path]))
        holder = tree
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = data.draw(TREES)
    assert_presentable(json.dumps(tree, ensure_ascii=False).encode("utf-8", errors="replace"))


SECRET_TREES = st.recursive(
    st.sampled_from(["hunter2", "hunter2!", "x hunter2", None, 5]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["hunter2", "env", "file", "credential", "valu"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("anchor", ["", "&hunter2 ", "!hunter2 ", "!hunter2!x "])
@given(SECRET_TREES)
@PATIENT
def test_no_message_repeats_what_stands_where_a_secret_should(anchor: str, tree: Any) -> None:
    written = anchor + json.dumps(tree)
    for problem in judged(SOUND.replace("{credential: ivr-key}", written).replace("{credential: tsig}", written).encode()):
        assert "hunter2" not in str(problem)
