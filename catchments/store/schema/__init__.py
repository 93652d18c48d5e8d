"""The schema: every table of a store, by its name; the migrations make them."""

# All of each: what is added there is here as well, and no list of it is kept.
from catchments.store.schema.accounts import *  # noqa: F403
from catchments.store.schema.base import *  # noqa: F403
from catchments.store.schema.basemap import *  # noqa: F403
from catchments.store.schema.lists import *  # noqa: F403
from catchments.store.schema.site import *  # noqa: F403
from catchments.store.schema.trail import *  # noqa: F403
