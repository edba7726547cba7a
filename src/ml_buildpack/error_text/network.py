"""Words for what stands between a build and its packages: certificates, names of hosts, proxies, git."""

from __future__ import annotations

from ml_buildpack.error_text.layout import Words, code, log_tail, mistakes_listing, paragraphs
from ml_buildpack.errors import CertificateRefused, GitNotFound, HostNotFound, ProxyFailed

_BINDING = code(
    "bindings/ca/type         the word ca-certificates",
    "bindings/ca/root.pem     the certificate",
    'pack build NAME --volume "$PWD/bindings/ca:/platform/bindings/ca"',
)


def certificate_refused(error: CertificateRefused) -> Words:
    """Whose certificate, what is wrong with it, and how a build learns whom to trust."""
    return Words(
        title="A server's certificate is not trusted",
        body=paragraphs(
            "The connection to this address was given up, because nobody whom the build trusts signed the server's "
            "certificate:",
            code(error.url),
            log_tail(error.detail),
        ),
        fixes=(
            "Companies often have a certificate authority of their own, for their indexes and for proxies that look "
            "into the traffic. Give its certificate, in PEM format, by a binding of the type `ca-certificates`:\n"
            + _BINDING,
            (
                "Whoever owns the builder can put the certificate into the build image instead; every build trusts "
                "what /etc/ssl/certs/ca-certificates.crt holds."
            ),
            "If the server is a test on your own machine, the check can be left out for its host alone:\n"
            + code("pack build NAME --env PIP_TRUSTED_HOST=pypi.example.com"),
        ),
    )


def host_not_found(error: HostNotFound) -> Words:
    """Which name, and the reasons why a build cannot find what another machine finds."""
    return Words(
        title="The host of a package index is not known",
        body=paragraphs(f"No address was found for the host '{error.host}':", code(error.url), log_tail(error.detail)),
        fixes=(
            "Check the spelling of the address, in the variable or file that names the index.",
            "See that `pack build --network none` is not in the command. If the name is known only in your own network "
            "or through a VPN, share your machine's network with the build:\n" + code("pack build NAME --network host"),
            "If the network is reached through a proxy, set it where pack runs:\n"
            + code("export HTTPS_PROXY=http://proxy.example.com:3128"),
            "Without a network, put the packages into the project and install from there: docs/indexes.md#offline",
        ),
    )


def proxy_failed(error: ProxyFailed) -> Words:
    """Which proxy, as far as it is known, and what it said."""
    proxy = f"The proxy {error.proxy}" if error.proxy else "The proxy that HTTPS_PROXY or HTTP_PROXY names"
    return Words(
        title="The proxy did not pass a request on",
        body=paragraphs(f"{proxy} gave no way to this address:", code(error.url), log_tail(error.detail)),
        fixes=(
            (
                "Check the address of the proxy, its port and whether it runs. Inside a build, localhost is the "
                "build's own container: name the proxy by an address that it reaches, or build with `--network host`."
            ),
            "If the proxy refuses the host on purpose, ask its owner to allow it, or name a mirror that it allows:\n"
            + code("pack build NAME --env PIP_INDEX_URL=https://pypi.example.com/simple"),
            "If the host needs no proxy, except it, where pack runs:\n" + code("export NO_PROXY=pypi.example.com"),
        ),
    )


def git_not_found(error: GitNotFound) -> Words:
    """Which lines need git, and the ways without it."""
    asked = (
        paragraphs("They are asked for here:", mistakes_listing(error.requirement_at))
        if error.requirement_at
        else "No line of the project names one: another package does."
    )
    return Words(
        title="Packages lie in a git repository, and the builder has no git",
        body=paragraphs("Fetching these packages needs the program git, which is not in the build image.", asked),
        fixes=(
            "Name an archive of the commit instead; it needs no git, and its content cannot change:\n"
            + code("package @ https://github.com/OWNER/REPOSITORY/archive/COMMIT.tar.gz"),
            "Or ask for a release that is on a package index.",
            "Or use a builder whose build image has git; its owner can add it.",
        ),
    )
