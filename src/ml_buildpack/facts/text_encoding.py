"""Bytes of a file that a person wrote, as text: whatever editor or shell saved it.

Knows byte order marks and PEP 263 cookies; guesses nothing else. Called by every fact that is read from a text file.
"""

from __future__ import annotations

import codecs
import re

# UTF-32 stands before UTF-16, because its little-endian mark begins with UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# As pip reads it: in a comment of the first two lines. Source: PEP 263.
_COOKIE = re.compile(rb"coding[:=]\s*([-\w.]+)")


class NotTextError(Exception):
    """The bytes are not text in an encoding that can be known. The message is a sentence that names the byte."""


def decode_text(data: bytes) -> str:
    """The text in UTF-8, or in the encoding that a byte order mark tells; the mark itself removed.

    PowerShell's `>` writes UTF-16 with a mark, and Windows editors write UTF-8 with one. Raises: NotTextError.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, mark_bytes=len(mark))
    return _decode(data, "utf-8", mark_bytes=0)


def decode_text_with_cookie(data: bytes) -> str:
    """As `decode_text`, but a comment such as `# -*- coding: latin-1 -*-` names the encoding where no mark does."""
    if any(data.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS):
        return decode_text(data)
    for line in data.split(b"\n")[:2]:
        cookie = _COOKIE.search(line) if line.startswith(b"#") else None
        if cookie is not None:
            return _decode(data, cookie.group(1).decode("ascii", "replace"), mark_bytes=0)
    return decode_text(data)


def _decode(data: bytes, encoding: str, *, mark_bytes: int) -> str:
    try:
        text = data[mark_bytes:].decode(encoding)
    except UnicodeDecodeError as error:
        offset = mark_bytes + error.start
        message = f"Byte {offset} (0x{data[offset]:02x}) is not {encoding.upper()}: {error.reason}."
        raise NotTextError(message) from error
    except LookupError as error:
        message = f'Its first lines name the encoding "{encoding}", which Python does not know.'
        raise NotTextError(message) from error
    if "\0" in text:
        offset = data.index(b"\0", mark_bytes)
        message = f"Byte {offset} is zero: the file is binary, or it is UTF-16 without a byte order mark."
        raise NotTextError(message)
    return text
