"""From a file to Settings, or to everything that is wrong with it. `load` reads the file; `judge` is pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path as FilePath

from config import overrides
from config.cross import Outline, errors_across, warnings_across
from config.decode import decode
from config.document import Flaw, Mark, Node, Unreadable, read_document
from config.expansion import ReadList, Text, expand
from config.finding import Finding
from config.lists import no_list, read_list
from config.loaded import Loaded
from config.model import Settings
from config.places import unreadable_secrets
from config.problem import ConfigInvalid, Problem, in_file_order, path_text

MAX_BYTES = 1024 * 1024

Also = Callable[[Settings], Iterable[Finding]]


def load(
    path: str | os.PathLike[str],
    *,
    secrets_from: Mapping[str, str] | None = None,
    also: Also = lambda settings: (),
    setting: Sequence[str] = (),
) -> Loaded:
    """Read and judge one file. Raises ConfigInvalid, also when the file cannot be read.

    With an environment in `secrets_from`, every secret is read too, and one that cannot be read is a problem at its place.
    Without, only its place is judged, so that a file can be checked on another machine than the one that holds the secrets.
    `also` finds more that is wrong in settings that are sound in themselves. `setting` are values over those of the file, each
    as `gates.inbound.trip.consecutive=2` (`config.overrides`).
    """
    file = os.fspath(path)
    try:
        with FilePath(file).open("rb") as source:
            data = source.read(MAX_BYTES + 1)
        folder = str(FilePath(file).absolute().parent)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigInvalid([Problem(file, 1, 1, "", f"cannot be read: {reason}")]) from None
    loaded, root = _judged(data, file, folder, setting, read=read_list)
    found = [*also(loaded.settings)]
    if secrets_from is not None:
        found += [Finding(place, message) for place, message in unreadable_secrets(loaded.settings, secrets_from)]
    if flaws := _placed(found, root):
        raise ConfigInvalid(_problems(flaws, file, setting), loaded.warnings)
    return loaded


def judge(data: bytes, *, file: str, folder: str) -> Loaded:
    """`file` is the name that problems carry; `folder` is where relative paths of secrets start. Raises ConfigInvalid."""
    return _judged(data, file, folder)[0]


def _judged(data: bytes, file: str, folder: str, setting: Sequence[str] = (), *, read: ReadList = no_list) -> tuple[Loaded, Node]:
    try:
        root, flaws = read_document(_text(data))
    except Unreadable as unreadable:
        raise ConfigInvalid(_problems([unreadable.flaw], file)) from None
    flaws += overrides.apply(root, setting)
    expanded = expand(root, folder=folder, read=read)
    flaws += expanded.flaws
    probes, gates, plans, apis = (_declared(root, section) for section in ("probes", "gates", "plans", "apis"))
    decoded = decode(root, Settings, folder=folder)
    # An alias or a tag has no value of its own to judge.
    shared = {flaw.mark for flaw in flaws}
    flaws += [flaw for flaw in decoded.flaws if flaw.mark not in shared]
    outline = Outline(**decoded.found, declared_probes=probes, declared_gates=gates, declared_plans=plans, declared_apis=apis)
    flaws += _placed(errors_across(outline), root)
    warnings = in_file_order(_problems(_placed(warnings_across(outline), root), file, setting))
    if flaws or expanded.problems:
        raise ConfigInvalid([*_problems(flaws, file, setting), *expanded.problems], warnings)
    return _loaded(Settings(**decoded.found), warnings, data, expanded.lists), root


def _loaded(settings: Settings, warnings: tuple[Problem, ...], data: bytes, lists: Mapping[str, Text]) -> Loaded:
    digest = hashlib.sha256(data)
    for text in lists.values():
        digest.update(text.digest)
    return Loaded(settings, warnings, digest.hexdigest(), {path: text.stamp for path, text in lists.items()})


def _declared(root: Node, section: str) -> frozenset[str]:
    """The names that the file gives in a section, sound or not."""
    node = root.child(section)
    return frozenset(node.value) if node is not None and isinstance(node.value, dict) else frozenset()


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Unreadable(Flaw((1, 1), (), f"the file is longer than {MAX_BYTES} bytes"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(Flaw(_mark_of_byte(data, error.start), (), "not UTF-8 text")) from None


def _mark_of_byte(data: bytes, at: int) -> Mark:
    before = data[:at].decode("utf-8-sig", errors="replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _placed(findings: Iterable[Finding], root: Node) -> list[Flaw]:
    """Findings at their places in the file; without those that judged the default of a value that could not be read."""
    return [_place(finding, root) for finding in findings if not any(_is_lost(root, path) for path in finding.reads)]


def _place(finding: Finding, root: Node) -> Flaw:
    node = root
    for part in finding.path:
        if _is_itself(node, part):
            continue
        child = node.child(part)
        if child is None:
            # The value is a default: the key that could have set it is where its mapping opens.
            return Flaw(node.key_mark, node.path, finding.message)
        node = child
    return Flaw(node.key_mark if finding.at_key else node.mark, node.path, finding.message)


def _is_lost(root: Node, path: tuple[str | int, ...]) -> bool:
    node: Node | None = root
    for part in path:
        if node is None or str(part) in node.lost:
            return True
        node = node if _is_itself(node, part) else node.child(part)
    return False


def _is_itself(node: Node, part: str | int) -> bool:
    """An item that stands for a list of one (`config.rules.OrSingle`)."""
    return part == 0 and isinstance(node.value, dict) and isinstance(part, int)


def _problems(flaws: Iterable[Flaw], file: str, setting: Sequence[str] = ()) -> list[Problem]:
    return [
        Problem(overrides.source(line, setting, file), max(line, 1), column, path_text(flaw.path), flaw.message)
        # A mistake in what many probes share is one mistake.
        for flaw in dict.fromkeys(flaws)
        for line, column in [flaw.mark]
    ]
