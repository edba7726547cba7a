"""Which Python a project gets: one that is there, one that is downloaded, or that of its conda environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_buildpack.cnb.layer import Absent
from ml_buildpack.facts.observation import Facts
from ml_buildpack.plan.conda_environment import likely_python
from ml_buildpack.plan.interpreter import PythonPlan, choose_interpreter
from ml_buildpack.plan.layers import PYTHON, PYTHON_ARCHIVE
from ml_buildpack.plan.python_downloads import choose_download, describe_download, find_kept_download, python_source
from ml_buildpack.plan.python_lifetime import lifetime_warning
from ml_buildpack.plan.python_wish import weigh_requests

if TYPE_CHECKING:
    from ml_buildpack.apply.tools import Tools
    from ml_buildpack.cnb.context import BuildContext


def decide_python(facts: Facts, context: BuildContext, tools: Tools) -> PythonPlan:
    """The application's Python: an interpreter that is there, else the download of the last build, else a new one.

    Raises: PythonRequestsConflict, before anything is looked for; PythonNotAvailable, PythonEndOfLife,
    PythonDownloadFailed.
    """
    asked_by_inputs = facts.dependencies.python_requests if facts.dependencies is not None else ()
    wish = weigh_requests((*facts.python_requests, *asked_by_inputs))
    if facts.dependencies is not None and facts.dependencies.conda is not None:
        return PythonPlan(
            interpreter=likely_python(wish, tools.machine(), layers_dir=str(context.layers_dir)), wish=wish
        )
    found = tools.find_interpreters()
    interpreter = choose_interpreter(found, wish)
    if interpreter is not None:
        return PythonPlan(
            interpreter=interpreter, wish=wish, warning=lifetime_warning(interpreter.version, tools.today)
        )
    layers_dir = str(context.layers_dir)
    archive, previous = (
        Absent() if facts.settings.upgrade else context.restored(name) for name in (PYTHON_ARCHIVE, PYTHON)
    )
    download = find_kept_download(wish, archive, layers_dir=layers_dir, target=context.target)
    if download is None:
        table = tools.read_python_table(python_source(facts.settings), facts.indexes.certificates)
        download = choose_download(wish, table, previous=previous, found=found, today=tools.today)
    return PythonPlan(
        interpreter=describe_download(download, tools.machine(), layers_dir=layers_dir),
        wish=wish,
        download=download,
        available=tuple(each.version for each in found),
        warning=lifetime_warning(download.version, tools.today),
    )
