"""Who may hold a connection. Pure: connections are named by what turns them away.

A connection that has not shown a good key yet is a stranger. Strangers never keep others out: where one source has too many
of them, or the house is full, the stranger who has waited longest goes, and the newcomer is let in. To keep a caller out, an
attacker must open connections faster than the caller needs for one request, and not merely hold them.
"""

from __future__ import annotations

from collections.abc import Callable


class Place:
    """One connection's. `source` is what counts as one origin (`daemon.web.sources.origin`)."""

    __slots__ = ("_places", "is_held", "is_stranger", "settled", "source", "turn_away")

    def __init__(self, places: Places, source: str, turn_away: Callable[[], None]) -> None:
        self._places = places
        self.source = source
        self.turn_away = turn_away
        self.is_held = True
        self.is_stranger = True
        self.settled: Callable[[], None] | None = None
        """Told once, when the stranger is known or gone."""

    def prove(self) -> None:
        """A good key was shown. Once is enough for a connection."""
        if self.is_stranger:
            self._places.settle(self)

    def leave(self) -> None:
        """The connection is gone, or is going. May be said twice."""
        if self.is_held:
            self.is_held = False
            self._places.settle(self)
            self._places.taken -= 1


class Places:
    def __init__(self, most: int, strangers_per_source: int | None) -> None:
        """None: nobody shows a key here, so nobody is turned away for another."""
        self._most = most
        self._per_source = strangers_per_source
        self._strangers: dict[Place, None] = {}
        self._by_source: dict[str, dict[Place, None]] = {}
        self.taken = 0
        self.turned_away = 0
        """Connections that went, or were not let in, for want of a place."""

    def enter(self, source: str, turn_away: Callable[[], None]) -> Place | None:
        """None where every place is held by somebody who may keep it. Calls `turn_away` of whoever goes instead."""
        if self._per_source is not None:
            mine = self._by_source.get(source, ())
            if len(mine) >= self._per_source:
                self._evict(next(iter(mine)))
            elif self.taken >= self._most and self._strangers:
                self._evict(next(iter(self._strangers)))
        if self.taken >= self._most:
            self.turned_away += 1
            return None
        place = Place(self, source, turn_away)
        self.taken += 1
        self._strangers[place] = None
        self._by_source.setdefault(source, {})[place] = None
        return place

    def settle(self, place: Place) -> None:
        """It is a stranger's no more."""
        if not place.is_stranger:
            return
        place.is_stranger = False
        del self._strangers[place]
        of_source = self._by_source[place.source]
        del of_source[place]
        if not of_source:
            del self._by_source[place.source]
        if place.settled is not None:
            place.settled()

    def _evict(self, place: Place) -> None:
        self.turned_away += 1
        place.leave()
        place.turn_away()
