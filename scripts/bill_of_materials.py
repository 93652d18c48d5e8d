"""What scripts/sbom writes: the bill of materials, CycloneDX 1.6, of what the service is made of.

Every pin with the hashes of its files and its licence, what is carried along within one, and the
programs of the system that some of it needs. The same pins give the same bytes: there is no time of
making in it, and its number follows from what it lists.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from catchments import __version__
from catchments.core.settings import ROOT

PINS = ROOT / "requirements.txt"
_PIN = re.compile(
    r"^([a-z0-9._-]+)==([^\s\\]+)[^\n]*\\\n((?: +--hash=sha256:\S+(?: \\)?\n)+)", re.M
)
CARRIED = {"xstatic-leaflet": ("leaflet", "1.9.3", "BSD-2-Clause")}
"""What a pin holds beside itself, from the other registry: name, version, licence."""
OF_THE_SYSTEM = {
    "nginx": "the reverse proxy before two servers",
    "postgresql-client": "backups of a PostgreSQL database",
    "bubblewrap": "the fence around the reading of foreign files",
}
"""Debian's packages that some installations need; their versions are the system's."""
LONGEST_LICENCE = 100
"""Some libraries give the whole text where a name belongs: their classifiers say it then."""


def bill(pins: str) -> Bom:
    """Return the bill of materials of a file of pins."""
    bom = Bom()
    bom.serial_number = uuid5(NAMESPACE_URL, f"catchments {__version__}\n{pins}")
    bom.metadata.timestamp = None  # type: ignore[assignment]
    service = Component(
        name="catchments",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="catchments",
        licenses=_licences(_own_licence()),
    )
    bom.metadata.component = service
    parts = [*_pinned(pins), *_of_the_system()]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(service, parts)
    return bom


def _pinned(pins: str) -> Iterator[Component]:
    for name, version, hashes in _PIN.findall(pins):
        purl = PackageURL("pypi", name=name, version=version)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"https://pypi.org/project/{name}/{version}/#files"),
            comment="SHA-256 of each file that may be installed, by platform.",
            hashes=[
                HashType(alg=HashAlgorithm.SHA_256, content=each)
                for each in re.findall("sha256:([0-9a-f]{64})", hashes)
            ],
        )
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            purl=purl,
            licenses=_licences(_licence_of(name)),
            external_references=[files],
            components=list(_carried(name)),
        )


def _carried(name: str) -> Iterator[Component]:
    if name in CARRIED:
        inner, version, licence = CARRIED[name]
        purl = PackageURL("npm", name=inner, version=version)
        yield Component(
            name=inner, version=version, type=ComponentType.LIBRARY, bom_ref=str(purl), purl=purl,
            licenses=_licences(licence),
        )  # fmt: skip


def _of_the_system() -> Iterator[Component]:
    for name, why in OF_THE_SYSTEM.items():
        purl = PackageURL("deb", "debian", name)
        yield Component(
            name=name, type=ComponentType.APPLICATION, bom_ref=str(purl), purl=purl,
            description=f"For {why}.", scope=ComponentScope.OPTIONAL,
        )  # fmt: skip


def _licences(said: str) -> list[Any]:
    if not said:
        return []
    declared = LicenseAcknowledgement.DECLARED
    return [LicenseFactory().make_from_string(said, license_acknowledgement=declared)]


def _own_licence() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = project.get("license", "")
    return said if isinstance(said, str) else str(said.get("text", ""))


def _licence_of(name: str) -> str:
    """Return the licence that a library that is installed here declares, or nothing."""
    try:
        told: Any = metadata(name)
    except PackageNotFoundError:
        return ""  # pinned for another platform
    expression, plain = told.get("License-Expression"), (told.get("License") or "").strip()
    if expression or (plain and len(plain) <= LONGEST_LICENCE and "\n" not in plain):
        return str(expression or plain)
    classifiers = told.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    return " AND ".join(named) if len(named) == 1 else next(iter(named), "")


def written(pins: str) -> str:
    """Return the bill of a file of pins as JSON."""
    return JsonV1Dot6(bill(pins)).output_as_string(indent=2) + "\n"


def main() -> None:
    """Write it to a file, or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="where to write it; standard output unless given")
    given = parser.parse_args()
    text = written(PINS.read_text(encoding="utf-8"))
    if given.file:
        Path(given.file).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
