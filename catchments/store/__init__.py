"""The store: one SQLAlchemy schema for SQLite and PostgreSQL, and nothing but SQL in here."""

from catchments.store.drafts import Draft
from catchments.store.engine import StoreUnavailable
from catchments.store.store import Publication, State, Store, StoredArtefact

__all__ = ["Draft", "Publication", "State", "Store", "StoreUnavailable", "StoredArtefact"]
