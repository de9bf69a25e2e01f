"""Who may hold a connection: strangers never keep others out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.web.places import Place, Places


class Crowd:
    """Connections by name; `gone` are those that were turned away, in order."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.gone: list[str] = []

    def enter(self, name: str, source: str = "a") -> Place | None:
        def turn_away() -> None:
            self.gone.append(name)

        return self.places.enter(source, turn_away)

    def seated(self, name: str, source: str = "a") -> Place:
        place = self.enter(name, source)
        assert place is not None
        return place


def test_up_to_the_limit_everybody_has_a_place() -> None:
    crowd = Crowd(Places(3, 3))
    for name in "xyz":
        crowd.seated(name)
    assert (crowd.gone, crowd.places.taken) == ([], 3)


def test_in_a_full_house_the_stranger_who_waited_longest_goes() -> None:
    crowd = Crowd(Places(2, 2))
    crowd.seated("first", "a")
    crowd.seated("second", "b")
    crowd.seated("third", "c")
    assert (crowd.gone, crowd.places.taken, crowd.places.turned_away) == (["first"], 2, 1)


def test_the_known_keep_their_places_and_a_house_full_of_them_turns_newcomers_away() -> None:
    crowd = Crowd(Places(2, 2))
    for name in ("first", "second"):
        crowd.seated(name).prove()
    assert crowd.enter("third") is None
    assert (crowd.gone, crowd.places.turned_away) == ([], 1)


def test_a_stranger_goes_before_the_known_who_came_earlier() -> None:
    crowd = Crowd(Places(2, 2))
    crowd.seated("known").prove()
    crowd.seated("stranger")
    crowd.seated("newcomer", "b")
    assert crowd.gone == ["stranger"]


def test_one_source_has_so_many_strangers_and_its_newest_stay() -> None:
    crowd = Crowd(Places(100, 2))
    for name in ("first", "second", "third", "fourth"):
        crowd.seated(name, "a")
    crowd.seated("other", "b")
    assert (crowd.gone, crowd.places.taken) == (["first", "second"], 3)


def test_the_known_do_not_count_among_a_sources_strangers() -> None:
    crowd = Crowd(Places(100, 2))
    for name in "vwxyz":
        crowd.seated(name).prove()
    assert crowd.gone == []


def test_where_nobody_shows_keys_nobody_goes_for_another() -> None:
    crowd = Crowd(Places(1, None))
    crowd.seated("first")
    assert crowd.enter("second") is None
    assert crowd.gone == []


def test_a_place_is_given_back_once_however_often_that_is_said() -> None:
    crowd = Crowd(Places(2, 2))
    first, second = crowd.seated("first"), crowd.seated("second")
    second.prove()
    for place in (first, first, second, second):
        place.leave()
    assert crowd.places.taken == 0
    first.prove()
    assert crowd.places.taken == 0


def _proves(place: Place) -> None:
    place.prove()


def _leaves(place: Place) -> None:
    place.leave()


@pytest.mark.parametrize("end", [_proves, _leaves])
def test_the_end_of_being_a_stranger_is_told_once(end: Callable[[Place], None]) -> None:
    told: list[int] = []
    place = Crowd(Places(2, 2)).seated("x")
    place.settled = lambda: told.append(1)
    end(place)
    place.prove()
    place.leave()
    assert told == [1]


def test_nothing_is_remembered_of_those_who_left() -> None:
    places = Places(100, 2)
    crowd = Crowd(places)
    for number in range(50):
        crowd.seated("x", f"source-{number}").leave()
    assert places._strangers == {}
    assert places._by_source == {}
