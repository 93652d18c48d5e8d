"""Names of towns and suburbs with their macrons, which the school directory leaves out.

Written by hand, each as it is official: New Zealand Geographic Board, notices of June 2019,
December 2019 and July 2020, and the New Zealand Gazetteer (gazetteer.linz.govt.nz). Only names
that mean one place, or are spelled alike wherever they are: Oakura is in Taranaki and in Northland.
What is not here is shown as the directory has it; so Tauranga, Wanganui and Otumoetai stay as they
come. A school's own name and its street are never touched.
"""

from __future__ import annotations

from functools import lru_cache

from catchments.core.text_folding import folded

OFFICIAL = (
    # --- Northland ---
    "Kaitāia",  # as its council, its college and this service's catchment spell it
    "Mangōnui",
    "Ōhaeawai",
    "Ōkaihau",
    "Ōmāpere",
    "Ruakākā",
    "Te Kōpuru",
    "Whangārei",
    "Whangārei Heads",
    # --- Auckland ---
    "East Tāmaki",
    "Kumeū",
    "Māngere",
    "Māngere Bridge",
    "Māngere East",
    "Ōrākei",
    "Ōrere Point",
    "Ōtāhuhu",
    "Ōtara",
    "Pāremoremo",
    "Rānui",  # and the one in Porirua
    "Te Atatū",
    "Te Atatū Peninsula",
    "Te Atatū South",
    "Waitākere",
    "Whangaparāoa",
    # --- Waikato ---
    "Ātiamuri",
    "Ngāhinapōuri",
    "Ngāruawāhia",
    "Ōhaupō",
    "Ōpārau",
    "Ōtorohanga",
    "Pōkeno",
    "Putāruru",
    "Taupō",
    "Te Kūiti",
    "Tīrau",
    "Tūrangi",
    "Whangamatā",
    # --- Bay of Plenty ---
    "Lake Rotomā",
    "Matatā",
    "Ngongotahā",
    "Ōhope",
    "Ōmokoroa",
    "Ōpōtiki",
    "Ōwhata",
    "Tāneatua",
    "Whakamārama",
    "Whakatāne",
    # --- Hawke's Bay and Tairāwhiti ---
    "Mōtū",
    "Nūhaka",
    "Ōtāne",
    "Pōrangahau",
    "Te Pōhue",
    # --- Taranaki, Whanganui and Manawatū ---
    "Āpiti",
    "Eketāhuna",
    "Hāwera",
    "Mōkau",
    "Ōhakune",
    "Ōhau",
    "Ōhura",
    "Ōkato",
    "Ōpunake",
    "Ōwhango",
    "Pātea",
    "Rātana",
    "Waitōtara",
    # --- Wellington ---
    "Ōpaki",
    "Ōtaki",
    "Ōwhiro Bay",
    "Paekākāriki",
    "Papakōwhai",
    "Pāuatahanui",
    "Taitā",
    "Takapūwāhia",
    "Te Mārua",
    "Tīnui",
    "Tītahi Bay",
    "Waiwhetū",
    # --- South Island ---
    "Hāwea Flat",
    "Kaikōura",
    "Māpua",
    "Pūrākaunui",
    "Rūnanga",
    "Tāhunanui",
    "Tākaka",
    "Wānaka",
)
"""The towns and suburbs, roughly from north to south."""
_BY_FOLDED = {folded(name): name for name in OFFICIAL}


@lru_cache(maxsize=8192)
def with_macrons(place: str) -> str:
    """Return a town's or suburb's name as it is official, or as it is where that is not known.

    Nothing but letters and their case is put right: a text with anything beside the name, or in
    other words, stays.
    """
    return _BY_FOLDED.get(folded(place), place)
