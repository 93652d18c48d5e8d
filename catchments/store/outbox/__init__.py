"""The outbox: notices and webhook calls that wait to be sent, and what became of each."""

from catchments.store.outbox.notices import PROVIDER, SCHOOL, STATES, Announcement
from catchments.store.outbox.queue import Claimed, NoticeRow, Outbox
from catchments.store.outbox.webhooks import Webhooks

__all__ = [
    "PROVIDER",
    "SCHOOL",
    "STATES",
    "Announcement",
    "Claimed",
    "NoticeRow",
    "Outbox",
    "Webhooks",
]
