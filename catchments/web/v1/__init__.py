"""The stable addresses for other services: everything below /v1, and the document that says so."""

from catchments.web.v1 import catchments, editions, openapi, providers, schools
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.bulk.routes import routes

__all__ = ["blueprint"]
