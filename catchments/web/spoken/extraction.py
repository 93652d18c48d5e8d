"""The headings of the site's own pages for translators: called by Babel, never by the service."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import yaml


def headings(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield a page's title and summary, and the title of each piece, as Babel's extractors do.

    The texts themselves are content, which staff change: they stay English, and pages say so.
    """
    del keywords, comment_tags, options  # what other files are read by
    page = yaml.safe_load(file)
    for text in (page["title"], page["summary"], *(piece["title"] for piece in page["pieces"])):
        yield 1, None, text, []
