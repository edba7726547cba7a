"""What py-rattler's words mean, word for word as release 0.28 prints them. The others are provoked on the contract."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from ml_buildpack.apply.conda.failures import classify
from ml_buildpack.cnb.context import Target
from ml_buildpack.errors import (
    BuildpackError,
    CertificateRefused,
    CommandFailed,
    CondaChannelUnauthorised,
    CondaChannelUnreachable,
    HostNotFound,
)
from ml_buildpack.facts.conda.conda_wish import CondaWish
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.conda_environment import CondaPlan, plan_conda
from ml_buildpack.plan.python_wish import PythonWish

CHANNEL = "https://conda.example.com/team"
SENT = "error sending request for url (https://me:planted-pass@conda.example.com/team/noarch/repodata_shards.msgpack.zst)\n"
ANSWERED = "for url (https://conda.example.com/team/linux-64/repodata_shards.msgpack.zst)"


def plan() -> CondaPlan:
    """What asks a channel with a login."""
    found = plan_conda(
        CondaWish(path="environment.yml", specs=(), channels=("https://me:planted-pass@conda.example.com/team",)),
        Settings(),
        PythonWish(),
        target=Target(os="linux", arch="amd64"),
        env={},
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (
            SENT + "Caused by: client error (Connect)\nCaused by: dns error\nCaused by: error resolving DNS\n"
            "Caused by: failed to lookup address information: Name or service not known",
            HostNotFound(
                url=CHANNEL,
                host="conda.example.com",
                detail="failed to lookup address information: Name or service not known",
            ),
        ),
        (
            SENT + "Caused by: client error (Connect)\nCaused by: invalid peer certificate: UnknownIssuer",
            CertificateRefused(url=CHANNEL, detail="UnknownIssuer"),
        ),
        (
            f"HTTP status server error (503 Service Unavailable) {ANSWERED}",
            CondaChannelUnreachable(
                url=CHANNEL, detail=f"HTTP status server error (503 Service Unavailable) {ANSWERED}"
            ),
        ),
        (
            f"HTTP status client error (403 Forbidden) {ANSWERED}",
            CondaChannelUnauthorised(url=CHANNEL, status=403),
        ),
    ],
)
def test_channels_that_do_not_answer(message: str, error: BuildpackError) -> None:
    """Who did not, at which of the steps before an answer; without the login."""
    found = classify("GatewayError", message, plan())

    assert (type(error), asdict(error)) == (type(found), asdict(found))
    assert "planted-pass" not in repr(found)


def test_everything_else_is_a_tool_that_failed() -> None:
    """With the library's own words."""
    found = classify("IoError", "an unknown thing", plan())

    assert isinstance(found, CommandFailed)
    assert "IoError: an unknown thing" == found.output_tail
