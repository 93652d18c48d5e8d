"""The store: one SQLAlchemy schema for SQLite and PostgreSQL, and nothing but SQL in here."""

from catchments.store.artefacts import Artefact
from catchments.store.drafts.records import Draft
from catchments.store.engine import StoreUnavailable
from catchments.store.publication_record import Decision, Publication, Withdrawal
from catchments.store.publications import State, Store

__all__ = [
    "Artefact",
    "Decision",
    "Draft",
    "Publication",
    "State",
    "Store",
    "StoreUnavailable",
    "Withdrawal",
]
