"""What pages call what the command line names: messages that reach both doors, said for pages."""

from __future__ import annotations

_ON_PAGES = (
    ("--crs EPSG:2193", "EPSG:2193"),
    ("--crs", "“Reference system”"),
    ("--name-field", "“Name column”"),
    ("--code-field", "“Code column”"),
    ("--provider-field", "“Provider column”"),
    ("--provider-code-field", "“Provider code column”"),
    ("--region-field", "“Region column”"),
    ("--layer", "“Layer”"),
    ("--sheet", "“Sheet”"),
    ("--allow-shrink", "“Accept that more than a tenth is left out”"),
    ("--accept-overlaps", "“Accept overlaps”"),
    ("--accept-gaps", "“Accept gaps”"),
    (
        "A map is imported with flask catchments import.",
        "A map is read by “Replace boundaries from a file”, among the changes of a draft.",
    ),
    (" (--reason)", ""),
    (" (--reapply)", ", on the draft's page"),
    ("say why: --accept-uncovered REASON, or “", "say why: “"),
    ("See `flask editions list` for the drafts.", "Choose one from the list of drafts."),
    ("See `flask editions list` for those there are.", "Choose one from the list of editions."),
    ("Look at `flask editions list`", "Look at the list of editions"),
    (
        "Import one first: flask schools import FILE --commit.",
        "Whoever runs the service has to import one first.",
    ),
)
"""What the command line says → what pages say for it."""


def for_pages(text: str) -> str:
    """Return a message of the command line with what it names called what pages call it."""
    for said, on_pages in _ON_PAGES:
        if said in text:
            text = text.replace(said, on_pages)
    return text
