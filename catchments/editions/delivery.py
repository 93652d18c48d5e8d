"""Sending what waits in the outbox: e-mails, and calls to webhooks with what they are told.

A call to a webhook of which it is sure that it was not taken is tried again; each carries its
delivery's number, so that whoever gets it twice can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from catchments.core.settings import Settings
from catchments.editions.history import DIFFERENCES_KEPT, EditionHistory, edition_json
from catchments.lookup.snapshot import Snapshots
from catchments.runtime.recent import Recent
from catchments.store import Store
from catchments.store.outbox.claims import Claimed, Claims
from catchments.store.outbox.mail_sending import MailWorker, NotTaken
from catchments.store.outbox.notices import WITHDRAWN
from catchments.store.outbox.webhook_calls import call

Payload = Callable[[int, str], Mapping[str, Any] | None]
"""What a webhook is told of an edition, by its number and what became of it.

None where it is not known, or where that is not so (any more)."""


def payloads(store: Store, snapshots: Snapshots, settings: Settings) -> Payload:
    """Return what makes the body that webhooks are sent."""
    kept = Recent(DIFFERENCES_KEPT)

    def payload(number: int, event: str) -> Mapping[str, Any] | None:
        snapshots.refresh()  # another process may have published it a moment ago
        history = EditionHistory(snapshots.current(), store.editions(), store, kept)
        edition = history.numbered(number)
        if edition is None or (edition.withdrawn_at is not None) != (event == WITHDRAWN):
            return None
        told = edition_json(history, edition, f"{settings.public_url}/history/{number}")
        return {"event": f"edition.{event}", **told}

    return payload


class DeliveryWorker(MailWorker):
    """Takes what is due out of an outbox, deliveries or letters, one by one, and sends each."""

    def __init__(self, outbox: Claims, settings: Settings, payload: Payload) -> None:
        super().__init__(outbox, settings)
        self._payload = payload

    def hand_over(self, claimed: Claimed) -> None:
        """Send an e-mail, or call a webhook. Raises NotTaken where it surely was not taken."""
        if claimed.is_email:
            super().hand_over(_with_history(claimed, self._settings.public_url))
            return
        if claimed.unsealable:
            raise NotTaken(claimed.unsealable)
        payload = self._payload(claimed.edition_number, claimed.event)
        if payload is None:
            raise NotTaken(f"edition {claimed.edition_number} is not known here")
        call(
            claimed.url,
            claimed.secret,
            payload,
            delivery=str(claimed.id),
            to_private=self._settings.webhooks_to_private,
        )


def _with_history(claimed: Claimed, public_url: str) -> Claimed:
    """Return an e-mail with where all that its edition changed is to be read.

    It is added as it is sent: an edition published anew has another number, which is no news.
    """
    if not claimed.edition_number:
        return claimed
    page = f"{public_url}/history/{claimed.edition_number}"
    where = page if public_url else f"{page} on the service's own site"
    return replace(claimed, text=f"{claimed.text.rstrip()}\n\nAll about this edition: {where}")
