"""The stable addresses for other services: everything below /v1, and the document that says so."""

from catchments.web.v1 import (  # noqa: F401 - their addresses are the blueprint's
    catchments,
    changes,
    editions,
    openapi,
    providers,
    schools,
)
from catchments.web.v1.blueprint import blueprint
from catchments.web.v1.bulk import routes  # noqa: F401 - its addresses, too

__all__ = ["blueprint"]
