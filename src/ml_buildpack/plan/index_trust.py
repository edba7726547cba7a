"""Who may put files on an index, and what follows for the order in which indexes are asked. Pure.

Dependency confusion: whoever uploads the name of your private package to an index that is open to everybody gets it
installed, if versions of all indexes are compared. So an open index is asked last, and whether the next index may be
asked for a package that an earlier one has depends on who those indexes belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

# Anybody can register any free name here.
OPEN_HOSTS = frozenset({"pypi.org", "pypi.python.org", "test.pypi.org"})
# One maker's own index, with copies of what its packages need: PyTorch's has an old `requests`. Nobody else can put a
# file there, and nobody's private package is there.
MAKERS_HOSTS = frozenset(
    {"download.pytorch.org", "download-r2.pytorch.org", "pypi.nvidia.com", "wheels.vllm.ai", "data.pyg.org"}
)


def open_last(urls: Sequence[str]) -> list[int]:
    """The positions of these addresses in the order in which they shall be asked: the open ones behind all others."""
    return sorted(range(len(urls)), key=lambda position: _host(urls[position]) in OPEN_HOSTS)


def needs_first_index(urls: Sequence[str]) -> bool:
    """Whether a package may only come from the first index that has it.

    So it is as soon as one of several indexes is somebody's own; a maker's index beside one other is not.
    """
    hosts = [_host(url) for url in urls]
    own = sum(host not in OPEN_HOSTS | MAKERS_HOSTS for host in hosts)
    is_open = any(host in OPEN_HOSTS for host in hosts)
    return own > 1 or (own == 1 and is_open)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
