"""The known word that a misspelt one was probably meant to be. Called where a message can offer it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence to put behind another, with a space before it; empty where nothing known is close."""
    by_lower_case = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.lower(), by_lower_case, n=1)
    return f' Did you mean "{by_lower_case[close[0]]}"?' if close else ""
