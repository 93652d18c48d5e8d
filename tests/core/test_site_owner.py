"""Whose website it is: what may be set, and a logo that is a picture and nothing else."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.core.site_owner import LOGO_AT_MOST, SETTINGS, SiteOwner, read_logo

SET = {
    "CATCHMENTS_OWNER_NAME": "Te Tāhuhu o te Mātauranga | Ministry of Education",
    "CATCHMENTS_OWNER_WEBSITE": "https://ministry.example",
    "CATCHMENTS_OWNER_EMAIL": "help@ministry.example",
    "CATCHMENTS_OWNER_PHONE": "+64 (0) 4-000 0000",
    "CATCHMENTS_OWNER_POSTAL_ADDRESS": "PO Box 1, Wellington 6140",
    "CATCHMENTS_OWNER_STREET_ADDRESS": "1 Example Street, Wellington 6011",
    "CATCHMENTS_PORTAL_URL": "https://portal.ministry.example/requests?new=1",
}


def png(width: int = 2, height: int = 3) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\0" * 2 for _ in range(3)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    b"\xff\xc0\x00\x0b\x08\x00\x05\x00\x07\x01\x01\x11\x00\xff\xda\x00\x02\x00\xff\xd9"
)
NAMED = {"CATCHMENTS_OWNER_NAME": SET["CATCHMENTS_OWNER_NAME"]}
WEBP = b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x06\x00\x01\0\0\0\0\0\0"


def test_what_is_set_is_read_and_the_rest_is_named() -> None:
    owner = Settings.from_environment(SET).owner
    assert owner.name == SET["CATCHMENTS_OWNER_NAME"]
    assert owner.portal == SET["CATCHMENTS_PORTAL_URL"]
    assert owner.not_set == ("CATCHMENTS_OWNER_LOGO",)
    nobody = Settings.from_environment({}).owner
    assert nobody == SiteOwner()
    assert nobody.not_set == tuple(SETTINGS)
    assert owner.digest != nobody.digest


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("CATCHMENTS_OWNER_NAME", "x" * 201, "at most 200 characters"),
        ("CATCHMENTS_OWNER_NAME", "two\nlines", "one line"),
        ("CATCHMENTS_OWNER_NAME", "turned \u202e round", "one line"),
        ("CATCHMENTS_OWNER_WEBSITE", "javascript:alert(1)", "https://"),
        ("CATCHMENTS_OWNER_WEBSITE", 'https://a.example/"onclick=', "https://"),
        ("CATCHMENTS_PORTAL_URL", "http://portal.example", "https://"),
        ("CATCHMENTS_OWNER_EMAIL", "help@a.example, all@b.example", "an e-mail address"),
        ("CATCHMENTS_OWNER_PHONE", "0800 HELP", "digits"),
    ],
    ids=str,
)
def test_what_no_page_could_say_stops_the_start(name: str, value: str, allowed: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Settings.from_environment({name: value})
    assert refused.value.field == name
    assert allowed in refused.value.allowed
    assert "leave it out" in refused.value.next_step


@pytest.mark.parametrize(
    ("content", "media_type", "size"),
    [(png(), "image/png", (2, 3)), (JPEG, "image/jpeg", (7, 5)), (WEBP, "image/webp", (7, 5))],
    ids=["png", "jpeg", "webp"],
)
def test_a_logo_is_what_its_content_says(
    content: bytes, media_type: str, size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "logo.gif"
    path.write_bytes(content)
    logo = read_logo(path)
    assert (logo.media_type, (logo.width, logo.height)) == (media_type, size)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"alert(1)", "no whole picture"),
        (b"#!/bin/sh\nrm -rf /\n", "no whole picture"),
        (b"<html><script>alert(1)</script>", "no whole picture"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG"),
        (b"<SVG onload='alert(1)'>", "is an SVG"),
        (png() + b"<script>alert(1)</script>", "no whole picture"),
        (JPEG + b"<script>alert(1)</script>", "no whole picture"),
        (WEBP + b"<script>alert(1)</script>", "no whole picture"),
        (png()[:-12], "no whole picture"),
        (b"GIF89a/*", "no whole picture"),
        (b"", "no whole picture"),
        (png(4_001, 1), "4001 × 1 pixels"),
        (png(0, 1), "0 × 1 pixels"),
        (b"\0" * (LOGO_AT_MOST + 1), "more than 512 kB"),
    ],
    ids=range(14),
)
def test_a_logo_that_is_no_picture_alone_stops_the_start(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as refused:
        Settings.from_environment({**NAMED, "CATCHMENTS_OWNER_LOGO": str(path)})
    assert said in refused.value.problem
    assert "Save it as a PNG" in refused.value.next_step


def test_a_logo_without_its_owner_s_name_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(png())
    logo = {"CATCHMENTS_OWNER_LOGO": str(path)}
    assert Settings.from_environment(NAMED | logo).owner.logo
    with pytest.raises(InputRefused, match="CATCHMENTS_OWNER_NAME is not") as refused:
        Settings.from_environment(logo)
    assert "Set CATCHMENTS_OWNER_NAME" in refused.value.next_step


def test_a_logo_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputRefused, match="cannot be read"):
            read_logo(path)


@given(st.sampled_from([png(), JPEG, WEBP]), st.integers(0, 80), st.binary(max_size=8))
def test_whatever_is_amiss_in_a_picture_is_a_refusal_or_a_picture(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, at: int, other: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "amiss"
    path.write_bytes(whole[:at] + other + whole[at + len(other) :])
    try:
        logo = read_logo(path)
    except InputRefused:
        return
    assert logo.media_type.startswith("image/")
