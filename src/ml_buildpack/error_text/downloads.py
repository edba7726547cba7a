"""Words for failures between the build and a package index: no answer, no permission, the wrong file."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ml_buildpack.error_text.layout import Words, code, log_tail, paragraphs, quoted
from ml_buildpack.errors import DigestMismatch, DownloadFailed, IndexUnauthorised, IndexUnreachable

_CERTIFICATE = re.compile(r"certificate|\bssl\b|\btls\b|unknownissuer", re.IGNORECASE)
_OUT_OF_ORDER = re.compile(r"\b5\d\d\b")
_FORBIDDEN, _NOT_FOUND, _PROXY_WANTS_CREDENTIALS = 403, "404", 407
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

_PROXY_FIX = (
    "If the network is reached through a proxy, set it where pack runs; pack hands it on to the build:\n"
    + code("export HTTPS_PROXY=http://proxy.example.com:3128", "export NO_PROXY=localhost,.example.com")
)
_CERTIFICATES_FIX = (
    "If the network has a certificate authority of its own, give its certificate by a binding of the type "
    "`ca-certificates`, a directory of two files:\n"
    + code(
        "bindings/ca/type         the word ca-certificates",
        "bindings/ca/root.pem     the certificate",
        'pack build NAME --volume "$PWD/bindings/ca:/platform/bindings/ca"',
    )
)
_MIRROR_FIX = "If only a mirror can be reached, name it:\n" + code(
    "pack build NAME --env PIP_INDEX_URL=https://pypi.example.com/simple",
)


def digest_mismatch(error: DigestMismatch) -> Words:
    """Which file, what was pinned where, what came."""
    expected = [f"expected   {digest}" for digest in error.expected] or ["expected   nothing: no digest is pinned"]
    filename = error.file.rpartition("/")[2]
    return Words(
        title="A file is not the one that was pinned",
        body=paragraphs(
            f"The content of {filename} differs from what {error.pinned_at} pins:",
            quoted([*expected, f"actual     {error.actual}"]),
            "Nothing of it was installed. Either the pin is out of date, or somebody or something changed the file on "
            "the way: a mirror, a proxy, or an attacker.",
        ),
        fixes=(
            "Compare with the digest that the package's own page shows:\n" + code(_pypi_page(filename)),
            "If the pin is out of date, resolve again:\n" + code(_pin_again(error.pinned_at)),
            (
                "If the digest on the page is the expected one, the file was changed on the way: ask the owner of the "
                "mirror or proxy that PIP_INDEX_URL or HTTPS_PROXY names."
            ),
        ),
    )


def _pin_again(pinned_at: str) -> str:
    # A digest that no file of the project holds is in the lock that the buildpack keeps.
    ours = "requirements" not in pinned_at
    return "pack build NAME --env BP_UPGRADE=true" if ours else "pip-compile --generate-hashes requirements.in"


def _pypi_page(filename: str) -> str:
    if filename.endswith((".conda", ".tar.bz2")):
        return f"https://anaconda.org/search?q={filename.rsplit('-', 2)[0]}"
    name = re.split(r"-\d", filename, maxsplit=1)[0].replace("_", "-")
    return f"https://pypi.org/project/{name}/#files"


def index_unreachable(error: IndexUnreachable) -> Words:
    """Which address, what the attempt ended with, and the likeliest way out first."""
    host = urlsplit(error.url).hostname or ""
    ways = [_PROXY_FIX, _CERTIFICATES_FIX]
    if _CERTIFICATE.search(error.detail):
        ways.reverse()
    if _OUT_OF_ORDER.search(error.detail):
        ways.insert(
            0, "The server is out of order: build again later. For PyPI, see:\n" + code("https://status.python.org")
        )
    if host in _THIS_MACHINE:
        ways.insert(
            0,
            f"Inside the build, {host} is the build's container, not your machine. Share your machine's network with "
            "it:\n" + code("pack build NAME --network host"),
        )
    else:
        ways.append(
            "Builds have a network of their own. See that `pack build --network none` is not in the command, and "
            "whether the address answers with your machine's network: pack build --network host",
        )
    return Words(
        title="A package index does not answer",
        body=paragraphs("This address could not be reached:", code(error.url), log_tail(error.detail)),
        fixes=(*ways, _MIRROR_FIX),
    )


def index_unauthorised(error: IndexUnauthorised) -> Words:
    """Who refused, and how credentials reach a build without being in the project."""
    if error.status == _PROXY_WANTS_CREDENTIALS:
        happened = "The proxy between the build and this address wants credentials:"
        fixes: tuple[str, ...] = (
            "Put user and password into the address of the proxy in HTTPS_PROXY, where pack runs.",
        )
    elif error.status == _FORBIDDEN:
        happened = "The index answered, and does not allow this:"
        fixes = (
            "Check that the account may read this index, and that its token is still valid.",
            *_credentials_fixes(),
        )
    else:
        happened = "The index wants credentials, and got none or wrong ones:"
        fixes = _credentials_fixes()
    return Words(
        title="A package index refused the credentials",
        body=paragraphs(happened, code(error.url, f"answered with status {error.status}")),
        fixes=fixes,
    )


def _credentials_fixes() -> tuple[str, ...]:
    return (
        "Put user and token into the address of the index, in a variable of your shell, and name only the variable, "
        "so that neither the command nor the project holds them:\n" + code("pack build NAME --env PIP_INDEX_URL"),
        "Or mount a netrc file that the user of the build can read:\n"
        + code('pack build NAME --volume "$PWD/netrc:/platform/netrc" \\', "    --env NETRC=/platform/netrc"),
        "Do not write them into requirements.txt or project.toml: whoever sees the repository would see them.",
    )


def download_failed(error: DownloadFailed) -> Words:
    """Which file, what came instead."""
    fixes = [
        "Build again. A server that is overloaded answers later, and what was already fetched is kept.",
        "If a mirror or proxy serves the files, ask whether it has this one.",
    ]
    if _NOT_FOUND in error.detail:
        fixes.reverse()
        fixes.insert(
            0,
            "If the release was withdrawn, resolve again, so that the lock names files that exist:\n"
            + code("pack build NAME --env BP_UPGRADE=true"),
        )
    return Words(
        title="A file could not be downloaded",
        body=paragraphs(
            "The server answered, but not with the whole file that the lock names:"
            if "bytes arrived" in error.detail
            else "The server answered, but not with the file that the lock names:",
            code(error.url),
            log_tail(error.detail),
        ),
        fixes=tuple(fixes),
    )
