"""The stable addresses for other services: everything below /v1, and the document that says so."""

from catchments.web.v1 import openapi  # noqa: F401 - its address is the blueprint's
from catchments.web.v1.room import blueprint

__all__ = ["blueprint"]
