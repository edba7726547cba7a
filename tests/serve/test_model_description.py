"""The page and the OpenAPI document show the models that are served, with a request that is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from support.model_server import COLUMNS, get, manifest, model_server, pickled, post
from support.running_server import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two models, of which one has a column that tries to be a script."""
    hostile = [{"name": f"</script>{name}", "datatype": "FP64", "shape": [-1]} for name in COLUMNS]
    files: dict[str, str | bytes] = {
        "x.pkl": pickled("Flowers"),
        "named.pkl": pickled("NamedFlowers"),
        "manifest.json": manifest(
            hostile={"path": "x.pkl", "signature": {"inputs": hostile}}, named={}, plain={"path": "x.pkl"}
        ),
    }
    with model_server(tmp_path_factory.mktemp("described"), files) as started:
        yield started


def test_every_example_of_the_document_is_answered(server: RunningServer) -> None:
    """Whoever copies one has a prediction."""
    document = get(server, "/openapi.json").json
    asked = {path: item["post"] for path, item in document["paths"].items() if "post" in item}

    assert [f"/v2/models/{name}/infer" for name in ("hostile", "named", "plain")] == list(asked)
    for path, operation in asked.items():
        assert 200 == post(server, path, operation["requestBody"]["content"]["application/json"]["example"]).status
    example = asked["/v2/models/named/infer"]["requestBody"]["content"]["application/json"]["example"]
    assert list(COLUMNS) == [tensor["name"] for tensor in example["inputs"]]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_page_has_one_script_that_nothing_can_leave(server: RunningServer, path: str) -> None:
    """Names of columns come from files that somebody else may have written."""
    reply = get(server, path)
    scripts: list[str] = []

    class Scripts(HTMLParser):
        """Collects them."""

        def handle_data(self, data: str) -> None:
            if self.get_starttag_text() == "<script>" and data.strip() and "const models" in data:
                scripts.append(data)

    Scripts().feed(reply.body.decode())
    (script,) = scripts
    found = re.search(r"const models = (.*);\n", script)

    assert (200, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert found is not None
    assert ["hostile", "named", "plain"] == [model["metadata"]["name"] for model in json.loads(found[1])]
    assert b'src="' not in reply.body
