"""The logs and the answer that README.md shows are those of a build and of a container."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.container import serve
from support.pack import FIXTURES, ROOT, Build, Pack

pytestmark = pytest.mark.image

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, AGAIN = re.findall(r"^```text\n(\[Project\]\n.*?)^```$", README, re.MULTILINE | re.DOTALL)


def without_numbers(log: str) -> list[str]:
    """The lines with every number as `#`, and without the times, which a quick machine leaves out."""
    lines = [re.sub(r"\d+(\.\d+)*( [kMG]?B)?", "#", line) for line in log.strip().splitlines()]
    return [line for line in lines if line.strip() != "done in # s"]


def test_the_logs_are_those_of_builds(pack: Pack, iris: Callable[..., Build]) -> None:
    """But for versions, sizes and times, which change while nobody looks at the page."""
    first = iris("iris-flask")
    pack.tag(first, "iris-readme")

    again = pack.build_well(FIXTURES / "iris-flask", "iris-readme", cache="iris-flask")

    shown = without_numbers(FIRST), without_numbers(AGAIN)
    assert (without_numbers(first.phase("BUILDING")), without_numbers(again.phase("BUILDING"))) == shown


def test_the_answer_is_the_containers(iris: Callable[..., Build]) -> None:
    """To the request that the page shows, down to the last character."""
    command = re.search(r"^\$ curl localhost:8080(/\S+) -H '(.+?): (.+?)' -d '(.+?)'\n(.+)$", README, re.MULTILINE)
    assert command is not None
    path, header, value, body, shown = command.groups()

    with serve(iris("iris-flask").image, ready_path="/healthz") as served:
        answer = served.send(path, body, {header: value})

    assert (200, shown) == (answer[0], answer[1].strip())


def test_the_builder_warns_of_nothing(iris: Callable[..., Build]) -> None:
    """What is printed with every build is read by nobody: neither are the warnings that matter."""
    assert [] == [line for line in iris("iris-flask").phase("EXPORTING").splitlines() if "Warning" in line]
