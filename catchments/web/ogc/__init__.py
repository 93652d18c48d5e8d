"""OGC API – Features below /ogc, for GIS programs: pygeoapi, fenced in (decision 14)."""

from catchments.web.ogc.views import blueprint

__all__ = ["blueprint"]
