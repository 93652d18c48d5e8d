"""The site's texts in a database: proposed, published, compared, and noticed by every worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from msgspec import structs

from catchments.core.errors import InputRefused, NotAllowed, NotNow, Stale
from catchments.core.roles import Role
from catchments.lookup.site_texts import shipped_pieces
from catchments.lookup.snapshot import Snapshots
from catchments.store.site.content import Contents, Wording
from tests.staff import add_person
from tests.worlds import HOSTILE, TODAY, opened, small_release

PIECE = "help-whom-to-call"
WORDING = Wording(
    title="Whom to call",
    text="Call.",
    source_title=HOSTILE,
    source_url="",
    source_note="",
    checked_on=TODAY,
    check_again_after=TODAY + timedelta(days=90),
    effective_from=TODAY,
)


def test_a_version_is_published_whole_or_not_at_all_and_noticed_by_whoever_looks(
    database_url: str,
) -> None:
    with opened(database_url) as store:
        store.add_release(small_release())
        hana, aroha = add_person(store, "hana"), add_person(store, "aroha", Role.APPROVER)
        worker = Snapshots(store, today=lambda: TODAY)
        shipped, contents = shipped_pieces()[PIECE], Contents(store)
        assert worker.current().texts.on(TODAY, shipped) == shipped

        assert contents.propose(PIECE, WORDING, seen=0, by=hana) == 1
        assert not worker.refresh()  # nothing that schools read is another now
        with pytest.raises(Stale, match="it is at version 1, and the page showed version 0"):
            contents.propose(PIECE, replace(WORDING, text="Write."), seen=0, by=aroha)
        with pytest.raises(NotAllowed, match="somebody who had no hand in it"):
            contents.publish(PIECE, 1, today=TODAY, by=hana)

        late = TODAY + timedelta(days=3)
        assert contents.publish(PIECE, 1, today=late, by=aroha) == late
        assert worker.refresh()
        texts = worker.current().texts
        assert texts.on(TODAY, shipped) == shipped
        assert texts.on(late, shipped).text == "Call."
        assert texts.on(late, shipped).source.title == HOSTILE
        with pytest.raises(NotNow, match="is published"):
            contents.drop(PIECE, 1, by=hana)


def test_a_comparison_is_noticed_and_one_that_ends_before_it_began_is_refused(
    database_url: str,
) -> None:
    with opened(database_url) as store:
        store.add_release(small_release())
        hana = add_person(store, "hana")
        worker = Snapshots(store, today=lambda: TODAY)
        worker.current()
        shipped = structs.replace(shipped_pieces()[PIECE], checked_on=date(2026, 1, 1))
        until = TODAY + timedelta(days=9)
        with pytest.raises(InputRefused, match="must be a later day"):
            Contents(store).confirm(PIECE, shipped.digest, on=TODAY, until=TODAY, by=hana)
        Contents(store).confirm(PIECE, shipped.digest, on=TODAY, until=until, by=hana)
        assert worker.refresh()
        assert worker.current().texts.on(TODAY, shipped).checked_on == TODAY
