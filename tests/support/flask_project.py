"""A tiny Flask project, the distributions that it needs, and one build of it that many tests can look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from support.contract import BuildResult, ContractPlatform
from support.distributions import Distribution
from support.local_index import LocalIndex

# Stand-ins by the names that the buildpack adds: what runs is tested where real servers are.
DISTRIBUTIONS = (
    Distribution(
        name="flask",
        version="3.1.0",
        requires=("werkzeug",),
        modules={
            "flask/__init__.py": "import flask.app\nclass Flask:\n    def __init__(self, name): self.name = name\n",
            "flask/app.py": "",
            "flask/unused.py": "UNUSED = True\n",
            "flask/tests/test_flask.py": "def test_flask(): pass\n",
            "flask/__init__.pyi": "class Flask: ...\n",
        },
    ),
    Distribution(name="werkzeug", version="3.0"),
    Distribution(name="tiny-model", version="1.0"),
    Distribution(name="tiny-model", version="2.0"),
    Distribution(name="gunicorn", version="23.0", scripts={"gunicorn": "gunicorn:run"}),
    Distribution(name="from-source", version="1.0", sdist_only=True),
)
FLASK_APP = "from flask import Flask\n\napp = Flask(__name__)\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstBuild:
    """One build that the tests of a module share. `fetched` names the files that it took from the index."""

    platform: ContractPlatform
    index: LocalIndex
    result: BuildResult
    fetched: tuple[str, ...]


def write_flask_app(app: Path, requirements: str | None = "flask\ntiny-model==1.0\n") -> Path:
    """Write an application directory anew: a Flask app, and its requirements unless they are None."""
    app.mkdir(exist_ok=True)
    for old in app.iterdir():
        old.unlink()
    (app / "app.py").write_text(FLASK_APP)
    if requirements is not None:
        (app / "requirements.txt").write_text(requirements)
    return app
