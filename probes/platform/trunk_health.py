"""The `trunk_health` probe: what a Genesys Cloud organisation says of its trunks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import quote

from probes.exchange import attempts
from probes.exchange.api import Api
from probes.exchange.document import Json, at
from probes.platform import asking, trunk
from probes.platform.asking import Asking
from probes.platform.telling import Untold
from probes.probe import Cancel, Report
from probes.sample import ProbeResult

TRUNKS = "/api/v2/telephony/providers/edges/trunks"
PAGE = 100
"""The most that the vendor gives on one page."""
MOST_LISTED = 10 * PAGE
"""Of one page that are looked at, whatever comes."""

Documents = dict[str, Json | Untold]


class TrunkHealthProbe:
    """FAIL when `need` of `trunks` (their ids) are down; `require` is what a trunk must be to be up (`probes.platform.trunk`)."""

    def __init__(self, api: Api, trunks: Sequence[str], *, require: Collection[str], need: int, timeout_ns: int) -> None:
        self._api = api
        self._trunks = tuple(trunks)
        self._require = require
        self._need = need
        self._timeout_ns = timeout_ns
        self._pages: int | None = None
        """Of the organisation's external trunks, when last told."""

    def begin(self, report: Report) -> Cancel:
        return attempts.begin(self._attempt(), report)

    async def _attempt(self) -> ProbeResult:
        platform = Asking(self._api, timeout_ns=self._timeout_ns)
        documents = await self._documents(platform)
        found = [trunk.standing(id, documents[id], self._require) for id in self._trunks]
        return replace(trunk.fold(found, need=self._need), duration_ns=platform.elapsed_ns)

    async def _documents(self, platform: Asking) -> Documents:
        """Page by page of the list while that takes fewer requests than one for each trunk that is still missing."""
        found: Documents = {}
        page = 0
        while is_listed(missing=len(self._trunks) - len(found), pages=self._pages, read=page):
            page += 1
            listing = await platform.read(f"{TRUNKS}?trunkType=EXTERNAL&pageSize={PAGE}&pageNumber={page}")
            if isinstance(listing, Untold):
                return dict.fromkeys(self._trunks, listing) | found
            pages = at(listing, "/pageCount")
            self._pages = pages if isinstance(pages, int) else page
            found |= _listed(listing, self._trunks)
        missing = [id for id in self._trunks if id not in found]
        return found | await asking.each(missing, lambda id: platform.read(f"{TRUNKS}/{quote(id, safe='')}"))


def is_listed(*, missing: int, pages: int | None, read: int) -> bool:
    """Whether the next request is for the next page of the list, of whose `pages` so many are `read`."""
    left = 1 if pages is None else pages - read
    return 0 < left < missing


def _listed(listing: Json, wanted: Collection[str]) -> Documents:
    entities = at(listing, "/entities")
    trunks = [each for each in entities[:MOST_LISTED] if isinstance(each, dict)] if isinstance(entities, list) else []
    return {id: each for each in trunks if isinstance(id := each.get("id"), str) and id in wanted}
