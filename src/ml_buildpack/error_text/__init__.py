"""Every failure in words: what happened, the evidence, numbered fixes, where to read more. Pure; imported by main only.

`errors` holds the facts, this package the prose: wording can improve without touching what raises or tests an error.
"""

from __future__ import annotations

from ml_buildpack.error_text.catalogue import DOCS_URL, RENDERERS, UNEXPECTED_ID, render, render_unexpected
from ml_buildpack.error_text.layout import ErrorText, render_text

__all__ = ["DOCS_URL", "RENDERERS", "UNEXPECTED_ID", "ErrorText", "render", "render_text", "render_unexpected"]
