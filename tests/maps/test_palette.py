"""Neighbours must look different, whatever eyes one has.

Colour blindness after Machado, Oliveira and Fernandes (2009), severity 1.0; difference as CIE76.
"""

from __future__ import annotations

import re
from colorsys import rgb_to_hls
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from maps.colours import DARK, LIGHT, Scheme

Vector = npt.NDArray[np.float64]

STYLE = Path(__file__).parents[2] / "catchments" / "web" / "static" / "map.css"
EYES = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = np.array([0.9505, 1.0, 1.089])
CLEARLY_DIFFERENT = 20.0
"""Ten is seen at a glance side by side."""


def palettes() -> dict[str, list[str]]:
    light, dark = STYLE.read_text().split("prefers-color-scheme: dark", 1)
    return {
        scheme: re.findall(r"--colour-\d: #([0-9a-f]{6})", text)
        for scheme, text in (("light", light), ("dark", dark))
    }


def linear(colour: str) -> Vector:
    value = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


def lab(rgb: Vector) -> Vector:
    t = np.asarray(TO_XYZ) @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, eyes: str) -> float:
    seen = [lab(np.asarray(EYES[eyes]) @ linear(colour)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_are_six_colours(scheme: str) -> None:
    assert len(set(palettes()[scheme])) == 6


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_four_colours_of_nearly_any_map_differ_for_all_eyes(scheme: str, eyes: str) -> None:
    four = palettes()[scheme][:4]
    close = [
        (a, b, round(difference(a, b, eyes)))
        for a, b in combinations(four, 2)
        if difference(a, b, eyes) < CLEARLY_DIFFERENT
    ]
    assert close == []


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_two_spare_colours_still_differ(scheme: str, eyes: str) -> None:
    pairs = combinations(palettes()[scheme], 2)
    close = [(a, b, round(difference(a, b, eyes))) for a, b in pairs if difference(a, b, eyes) < 10]
    assert close == []


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_no_region_looks_like_water(scheme: Scheme) -> None:
    hues = [
        360 * rgb_to_hls(*(int(each[i : i + 2], 16) for i in (1, 3, 5)))[0]
        for each in scheme.regions[:-1]
    ]
    assert [hue for hue in hues if 165 < hue < 255] == []


def test_regions_have_the_same_colours_on_the_screen_as_in_print() -> None:
    light, dark = STYLE.read_text().split("prefers-color-scheme: dark", 1)
    for scheme, text in ((LIGHT, light), (DARK, dark)):
        assert tuple(re.findall(r"--region-\d+: (#[0-9a-f]{6});", text)) == scheme.regions
