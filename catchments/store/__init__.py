"""The store: one SQLAlchemy schema for SQLite and PostgreSQL, and nothing but SQL in here."""

from catchments.store.drafts.records import Draft
from catchments.store.engine import StoreUnavailable
from catchments.store.store import Decision, Publication, State, Store, StoredArtefact

__all__ = [
    "Decision",
    "Draft",
    "Publication",
    "State",
    "Store",
    "StoreUnavailable",
    "StoredArtefact",
]
