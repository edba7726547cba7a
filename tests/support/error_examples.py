"""One example of every error, as a build would raise it. docs/errors.md shows the text of each, word for word.

Read by tests/unit/test_error_text.py and tests/rules/test_error_catalogue.py. One example per type; what else
a renderer can say is tested beside it.
"""

from __future__ import annotations

from ml_buildpack import errors
from ml_buildpack.errors import BuildpackError, Mistake

EXAMPLES: tuple[BuildpackError, ...] = (
    errors.UnsafeEnvironment(names=("PIP_TARGET", "PYTHONHOME")),
    errors.PlatformContractBroken(missing="CNB_LAYERS_DIR"),
    errors.DiskFull(path="/layers/ml-buildpack_python/venv/lib/python3.11/site-packages/scipy"),
    errors.InvalidBinding(
        mistakes=(Mistake(where="binding ca, entry root.pem", detail="It is not UTF-8 text."),),
    ),
    errors.InvalidSettings(
        mistakes=(
            Mistake(where="BP_RESOLVER", text="conda", detail='It must be one of uv, pip-tools, and is "conda".'),
            Mistake(
                where="pyproject.toml",
                line=14,
                text='app = "main.app"',
                detail='It must be module:attribute, for example "main.app:app", and is "main.app".',
            ),
        ),
    ),
    errors.PythonNotAvailable(
        requests=(Mistake(where=".python-version", line=1, text="3.9", detail="asks for Python ==3.9.*"),),
        available="3.11.2",
    ),
    errors.NoRequirementsFound(present=("README.md", "app.py", "model.joblib", "requirments.txt")),
    errors.RequirementsUnreadable(
        path="requirements.txt", detail="Byte 17 (0xe9) is not UTF-8: invalid continuation byte."
    ),
    errors.RequirementsMalformed(
        mistakes=(
            Mistake(
                where="requirements.txt",
                line=3,
                text="pandas=2.2",
                detail='One "=" compares nothing. Write "pandas==2.2".',
            ),
            Mistake(where="requirements.txt", line=5, text="-r common.txt", detail='There is no "common.txt".'),
        ),
    ),
    errors.UnsupportedDependencyFile(paths=("environment.yml",)),
    errors.ResolutionConflict(
        resolver="uv",
        inputs=("requirements.txt",),
        explanation=(
            "Because scikit-learn==1.5.2 depends on numpy>=1.19.5 and you require scikit-learn==1.5.2, we can conclude "
            "that you require numpy>=1.19.5.\n"
            "And because you require numpy==1.16, we can conclude that your requirements are unsatisfiable."
        ),
    ),
    errors.PackageNotFound(
        package="cv2",
        requirement_at=(Mistake(where="requirements.txt", line=2, text="cv2", detail="asks for cv2"),),
        explanation=(
            "Because cv2 was not found in the package registry and you require cv2, we can conclude that your "
            "requirements are unsatisfiable."
        ),
    ),
    errors.NoWheelAndNoCompiler(
        package="psycopg2",
        python="3.11",
        missing="pg_config",
        log_tail="Error: pg_config executable not found.",
    ),
    errors.SourceBuildFailed(
        package="gensim",
        python="3.13",
        log_tail=(
            "gensim/models/word2vec_inner.c:25:10: error: implicit declaration of function '_PyLong_AsByteArray'\n"
            "error: command '/usr/bin/gcc' failed with exit code 1"
        ),
    ),
    errors.NoFileForThisPlatform(packages=("torch==2.5.1+cpu",), python="3.11", platform="linux/arm64"),
    errors.ResolverFailed(resolver="uv", log_tail="error: unexpected argument '--use-pep517' found"),
    errors.LockMalformed(
        lock="poetry.lock",
        mistakes=(
            Mistake(where="poetry.lock", line=412, text="<<<<<<< HEAD", detail="A merge conflict was committed unresolved."),
        ),
        command="poetry lock",
    ),
    errors.LockOutOfDate(
        lock="poetry.lock",
        project="pyproject.toml",
        evidence=(
            Mistake(
                where="poetry.lock",
                line=931,
                text='content-hash = "61d4a4bdb5f7cd2a"',
                detail="The dependencies in pyproject.toml have the hash 0f4b8f1ce7c1a0d3 now.",
            ),
            Mistake(where="pyproject.toml", line=14, text="orjson", detail="poetry.lock does not have it."),
        ),
        command="poetry lock",
    ),
    errors.SeveralLocks(paths=("pylock.batch.toml", "pylock.web.toml")),
    errors.SeveralWorkspaceMembers(lock="uv.lock", members=("churn-api", "churn-training")),
    errors.DigestMismatch(
        file="six-1.17.0-py2.py3-none-any.whl",
        expected=("4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",),
        actual="0d1b7c9ee6f4a37a4f0a3e9cbb2b2cc1a4b6f9e8a1f7d0c3e5b8a9d6c4f2e107",
        pinned_at="requirements.txt:4",
    ),
    errors.IndexUnreachable(
        url="https://pypi.org/simple/",
        detail="<urlopen error [Errno -3] Temporary failure in name resolution>",
    ),
    errors.IndexUnauthorised(url="https://pypi.example.com/simple/churn-features/", status=401),
    errors.DownloadFailed(
        url="https://files.pythonhosted.org/packages/six-1.17.0-py2.py3-none-any.whl",
        detail="the server answered 404 Not Found",
    ),
    errors.NoWebEntry(
        searched=("app.py", "train.py"),
        unparsable=(
            Mistake(
                where="app.py",
                line=9,
                text="def predict(:",
                detail="Python 3.11, which reads the source during the build, cannot parse it: invalid syntax.",
            ),
        ),
    ),
    errors.TwoWebEntries(
        candidates=(
            Mistake(where="api.py", line=12, text="api:app", detail="a fastapi application (asgi)"),
            Mistake(where="main.py", line=7, text="main:app", detail="a fastapi application (asgi)"),
        ),
    ),
    errors.MalformedProcfile(
        mistakes=(
            Mistake(
                where="Procfile",
                line=1,
                text="gunicorn main:app",
                detail="There is no name and colon before the command.",
            ),
        ),
    ),
    errors.LfsPointerFound(pointers=(("models/churn.joblib", 48_211_904), ("models/scaler.joblib", 1_204))),
    errors.CommandFailed(
        argv=("python3", "-m", "compileall", "-q", "/layers/ml-buildpack_python/venv"),
        exit_code=1,
        output_tail="PermissionError: [Errno 13] Permission denied: '/layers/ml-buildpack_python/venv/lib'",
    ),
)


def unexpected_example() -> Exception:
    """An exception that the catalogue does not know, as `main` catches it; without lines of ours, which would move."""
    return ZeroDivisionError("division by zero")
