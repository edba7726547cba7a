"""Takes secrets out of text that others wrote, before it is shown. Pure; a leaf that everyone may import.

Knows how URLs, HTTP headers and environment variables carry credentials; knows nothing about who prints what. It hides
too much rather than too little, and what is hidden reads `***`. A secret that stands alone, without any of the marks
below, cannot be recognised: where it is known, `hide_secrets` takes it out; else it must not reach a message at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection

HIDDEN = "***"

_QUERY_NAME = r"(?:token|secret|passw(?:or)?d|signature|sig|credentials?|auth|key|keyid)"

# Userinfo holds neither space nor quote; `<user>` is a placeholder of a manual, not a secret. Greedy: a password with
# an unescaped @ goes as a whole.
_USERINFO = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://)[^\s/?#'\"<>]+@", re.IGNORECASE)

# A password with an unescaped slash is no valid URL, and therefore stands in messages about it. Digits before a
# slash are a port (https://host:8080/file@2), not a password.
_USERINFO_WITH_SLASH = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://)[^\s/?#'\"<>:@]*:(?!\d+/)[^\s'\"<>@]+@",
    re.IGNORECASE,
)

_QUERY = re.compile(rf"(?P<before>[?&;][\w.-]*{_QUERY_NAME}=)[^&;\s'\"#]+", re.IGNORECASE)

_HEADER = re.compile(
    r"(?P<before>\b(?:(?:proxy-)?authorization|private-token|job-token|x-api-key|x-auth-token)[\"']?\s*[:=]\s*[\"']?)"
    r"(?:(?:digest|negotiate)\s[^\n]*|(?:(?:basic|bearer|token)\s+)?[^\s\"',;]+)",
    re.IGNORECASE,
)

# The rest of the line: one header holds several cookies.
_COOKIE = re.compile(r"(?P<before>\b(?:set-)?cookie[\"']?:\s*[\"']?)[^\n\"']+", re.IGNORECASE)

# Variables in capitals only: `token = x` in lower case is everywhere in source code that a traceback quotes.
_VARIABLE = re.compile(
    r"(?P<before>\b[A-Z][A-Z0-9_]*(?:TOKEN|PASSWORD|SECRET|API_KEY|ACCESS_KEY|CREDENTIALS?)[A-Z0-9_]*=)[^\s&;]+",
)

# Tokens that name themselves. Source: the documented prefixes of PyPI, GitHub, GitLab and Hugging Face.
_KNOWN_TOKEN = re.compile(
    r"(?P<before>)\b(?:pypi-AgE[\w-]{16,}|gh[opsur]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{16,})",
)


def redact(text: str) -> str:
    """The text with every credential that can be recognised replaced by `***`; doing it again changes nothing."""
    for pattern in (_USERINFO, _USERINFO_WITH_SLASH):
        text = pattern.sub(rf"\g<before>{HIDDEN}@", text)
    for pattern in (_QUERY, _HEADER, _COOKIE, _VARIABLE, _KNOWN_TOKEN):
        text = pattern.sub(rf"\g<before>{HIDDEN}", text)
    return text


def hide_secrets(text: str, secrets: Collection[str]) -> str:
    """The text with these very secrets replaced by `***`, the longest first, because one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
