"""Address files as Toitū Te Whenua LINZ writes them, in both layouts, with made-up addresses."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OLDER = (
    "WKT,address_id,source_dataset,change_id,full_address_number,full_road_name,full_address,"
    "territorial_authority,unit_type,unit_value,level_type,level_value,address_number_prefix,"
    "address_number,address_number_suffix,address_number_high,road_name_prefix,road_name,"
    "road_type_name,road_suffix,water_name,water_body_name,suburb_locality,town_city,"
    "address_class,address_lifecycle,gd2000_xcoord,gd2000_ycoord,road_name_ascii,"
    "water_name_ascii,water_body_name_ascii,suburb_locality_ascii,town_city_ascii,"
    "full_road_name_ascii,full_address_ascii,shape_X,shape_Y"
)
_NEWER = (
    "WKT,address_id,road_id,full_address_number,full_road_name,full_address,"
    "territorial_authority,unit,address_number,address_number_suffix,address_number_high,"
    "road_name,road_name_type,road_name_suffix,suburb_locality,town_city,address_lifecycle,"
    "territorial_authority_ascii,full_road_name_ascii,suburb_locality_ascii,town_city_ascii,"
    "full_address_ascii,shape_X,shape_Y"
)
OLDER = _OLDER.split(",")
"""The header of layer 105689."""
NEWER = _NEWER.split(",")
"""The header of layer 123113."""
BARE = ["full_address", "address_lifecycle", "territorial_authority", "shape_X", "shape_Y"]
"""A layout without a column for any part of an address: the whole has to be parted."""
LAYOUTS = {"105689": OLDER, "123113": NEWER, "bare": BARE}


@dataclass(frozen=True)
class Given:
    """One address of a file."""

    number: str = "12"
    road: str = "High Street"
    suburb: str = "Kaitāia"
    town: str = "Kaitāia"
    unit: str = ""
    suffix: str = ""
    high: str = ""
    district: str = "Far North District"
    lng: float | str = 173.26
    lat: float | str = -35.11
    life: str = "Current"

    @property
    def full_number(self) -> str:
        plain = f"{self.number}{self.suffix}{f'-{self.high}' if self.high else ''}"
        return f"{self.unit}/{plain}" if self.unit else plain

    @property
    def full_address(self) -> str:
        parts = (f"{self.full_number} {self.road}".strip(), self.suburb, self.town)
        return ", ".join(filter(None, parts))

    def cells(self) -> dict[str, Any]:
        """Every column that some layout has and that is not empty."""
        return {
            "WKT": f"POINT ({self.lng} {self.lat})" if self.lng != "" else "",
            "full_address_number": self.full_number,
            "full_road_name": self.road,
            "full_address": self.full_address,
            "territorial_authority": self.district,
            "unit_value": self.unit,
            "unit": self.unit,
            "address_number": self.number,
            "address_number_suffix": self.suffix,
            "address_number_high": self.high,
            "suburb_locality": self.suburb,
            "town_city": self.town,
            "address_lifecycle": self.life,
            "gd2000_xcoord": self.lng,
            "gd2000_ycoord": self.lat,
            "shape_X": self.lng,
            "shape_Y": self.lat,
        }


def csv_text(rows: Sequence[Given], header: Sequence[str] = OLDER) -> str:
    return table(header, [given.cells() for given in rows])


def table(header: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def geopackage(
    path: Path,
    rows: Sequence[Given],
    header: Sequence[str] = OLDER,
    *,
    crs: str = "EPSG:4167",
    layer: str = "nz_addresses",
) -> Path:
    """Write a GeoPackage; its numbers are numbers and what is empty is null, as LINZ has them."""
    import geopandas
    import pandas as pd

    names = [name for name in header if name not in {"WKT", "shape_X", "shape_Y"}]
    cells = [given.cells() for given in rows]
    columns: dict[str, Any] = {name: [c.get(name, "") or None for c in cells] for name in names}
    for name in ("address_number", "address_number_high", "gd2000_xcoord", "gd2000_ycoord"):
        if name in columns:
            columns[name] = pd.to_numeric(pd.Series(columns[name], dtype=object))
    points = geopandas.points_from_xy(
        [c["shape_X"] if c["shape_X"] != "" else None for c in cells],
        [c["shape_Y"] if c["shape_Y"] != "" else None for c in cells],
    )
    frame = geopandas.GeoDataFrame(columns, geometry=points, crs="EPSG:4167")
    frame.to_crs(crs).to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    return path
