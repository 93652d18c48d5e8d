"""Where the coastline of New Zealand and its islands is from: LINZ Topo50, as `nzgeom` carries it.

What is in its file `catchments/readers/land.py` reads.
"""

from __future__ import annotations

from catchments.core.model import Source, SourceKind
from catchments.readers.land import COASTLINE, nzgeom_file
from catchments.readers.report import sha256_of


def coastline_source() -> Source:
    """Return where the coastline comes from, for credits; hashes the file."""
    path = nzgeom_file(COASTLINE)
    return Source(
        kind=SourceKind.BOUNDARIES,
        title="NZ Coastlines and Islands Polygons (Topo 1:50k)",
        authority="Toitū Te Whenua Land Information New Zealand",
        licence="CC BY 4.0",
        release="as in nzgeom 1.0.1",
        sha256=sha256_of(path),
        file_name=path.name,
        url="https://data.linz.govt.nz/layer/51153-nz-coastlines-and-islands-polygons-topo-150k/",
    )
