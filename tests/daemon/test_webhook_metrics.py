"""What a scrape tells of the webhook: who was refused and why, whose calls they were, and the certificate."""

from __future__ import annotations

from daemon.metrics.standing import Webhook
from daemon.web.tally import Tally
from tests.daemon.web.world import World


def scraped(tally: Tally) -> dict[tuple[str, ...], float]:
    """Value by name and label values."""
    families = Webhook(tally, clock=World().clock).collect()
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_answers_are_counted_by_region_and_by_number() -> None:
    tally = Tally()
    for region in ("emea", "emea", "other"):
        tally.answered("inbound", "OK", "ivr", began_ns=0, ended_ns=1, region=region, number="+4930")
    found = scraped(tally)
    assert found["cutoverd_webhook_callers_by_region_total", "inbound", "OK", "emea"] == 2
    assert found["cutoverd_webhook_callers_by_region_total", "inbound", "OK", "other"] == 1
    assert found["cutoverd_webhook_callers_by_number_total", "inbound", "OK", "+4930"] == 3
    assert found["cutoverd_webhook_requests_total", "inbound", "OK"] == 3


def test_without_a_ledger_nothing_is_counted_in_it() -> None:
    tally = Tally()
    tally.answered("inbound", "OK", "ivr", began_ns=0, ended_ns=1)
    assert not [key for key in scraped(tally) if key[0].startswith("cutoverd_webhook_callers")]


def test_agent_checks_are_counted_by_word() -> None:
    tally = Tally()
    tally.checked("inbound", "down")
    assert scraped(tally)["cutoverd_webhook_agent_checks_total", "inbound", "down"] == 1


def test_the_end_of_the_certificate_is_told_only_where_it_is_known() -> None:
    tally, name = Tally(), "cutoverd_webhook_certificate_expiry_seconds"
    assert (name,) not in scraped(tally)
    tally.certificate_ends = 1_800_000_000
    assert scraped(tally)[name,] == 1_800_000_000


def test_the_certificate_is_told_only_where_there_is_one() -> None:
    tally, name = Tally(), "cutoverd_webhook_certificate_reload_successful"
    assert (name,) not in scraped(tally)
    for is_current in (True, False):
        tally.certificate = is_current
        assert scraped(tally)[name,] == is_current
