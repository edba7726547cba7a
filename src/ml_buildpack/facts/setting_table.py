"""Every setting there is: its key, its variable, what it takes, and who parses it.

Data, compared with docs/settings.md by a test. Called by `settings`, which reads by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ml_buildpack.facts.accelerator_wish import read_accelerator
from ml_buildpack.facts.setting_values import (
    read_app,
    read_commands,
    read_conda,
    read_model_name,
    read_names,
    read_resolver,
    read_server,
    read_text,
    refuse,
    split_flag,
    split_names,
    split_size,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One row of the table. `name` is the field of Settings; `key` and `variable` are None where there is none.

    `from_file` turns a TOML value, and `from_variable` a text that is not empty, into the field's value.
    """

    name: str
    key: str | None
    variable: str | None
    takes: str
    default: str
    from_file: Callable[[object], object]
    from_variable: Callable[[str], object]


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="app",
        key="app",
        variable="BP_APP",
        takes="`module:attribute`",
        default="found in the source",
        from_file=read_app,
        from_variable=read_app,
    ),
    Setting(
        name="server",
        key="server",
        variable="BP_SERVER",
        takes="`gunicorn` or `uvicorn`",
        default="gunicorn for WSGI, uvicorn for ASGI",
        from_file=read_server,
        from_variable=read_server,
    ),
    Setting(
        name="requirements",
        key="requirements",
        variable="BP_REQUIREMENTS",
        takes="list of files",
        default="`requirements.txt`, or what stands for it",
        from_file=read_names,
        from_variable=split_names,
    ),
    Setting(
        name="extras",
        key="extras",
        variable="BP_EXTRAS",
        takes="list of extras",
        default="none",
        from_file=read_names,
        from_variable=split_names,
    ),
    Setting(
        name="groups",
        key="groups",
        variable="BP_GROUPS",
        takes="list of dependency groups",
        default="none",
        from_file=read_names,
        from_variable=split_names,
    ),
    Setting(
        name="conda",
        key="conda",
        variable="BP_CONDA",
        takes="`translate` or `rattler`",
        default="`translate`",
        from_file=read_conda,
        from_variable=read_conda,
    ),
    Setting(
        name="conda_channels",
        key="conda-channels",
        variable="BP_CONDA_CHANNELS",
        takes="list of channels",
        default="those of the environment file, else `conda-forge`",
        from_file=read_names,
        from_variable=split_names,
    ),
    Setting(
        name="conda_mirror",
        key=None,
        variable="BP_CONDA_MIRROR",
        takes="URL",
        default="`https://conda.anaconda.org`",
        from_file=refuse,
        from_variable=read_text,
    ),
    Setting(
        name="wheelhouse",
        key="wheelhouse",
        variable="BP_WHEELHOUSE",
        takes="directory of wheels",
        default="`wheelhouse` or `vendor`, if there is one with wheels",
        from_file=read_text,
        from_variable=read_text,
    ),
    Setting(
        name="accelerator",
        key="accelerator",
        variable="BP_ACCELERATOR",
        takes="`auto`, `cpu`, `cuda`, or a version: `cu126`, `cuda12.6`",
        default="`auto`",
        from_file=read_accelerator,
        from_variable=read_accelerator,
    ),
    Setting(
        name="torch_mirror",
        key=None,
        variable="BP_TORCH_MIRROR",
        takes="URL",
        default="`https://download.pytorch.org/whl`",
        from_file=refuse,
        from_variable=read_text,
    ),
    Setting(
        name="resolver",
        key="resolver",
        variable="BP_RESOLVER",
        takes="`uv` or `pip-tools`",
        default="pip-tools for its own projects, else uv",
        from_file=read_resolver,
        from_variable=read_resolver,
    ),
    Setting(
        name="upgrade",
        key=None,
        variable="BP_UPGRADE",
        takes="`true` or `false`",
        default="`false`",
        from_file=refuse,
        from_variable=split_flag,
    ),
    Setting(
        name="python",
        key="python",
        variable="BP_PYTHON_VERSION",
        takes="version or specifier",
        default="what the project's files ask for",
        from_file=read_text,
        from_variable=read_text,
    ),
    Setting(
        name="python_mirror",
        key=None,
        variable="BP_PYTHON_MIRROR",
        takes="URL",
        default="where uv downloads from",
        from_file=refuse,
        from_variable=read_text,
    ),
    Setting(
        name="python_downloads_json",
        key=None,
        variable="BP_PYTHON_DOWNLOADS_JSON",
        takes="URL or path of a table",
        default="uv's own table",
        from_file=refuse,
        from_variable=read_text,
    ),
    Setting(
        name="wheel_cache_max",
        key=None,
        variable="BP_WHEEL_CACHE_MAX",
        takes="size, as in `2GB` or `500 MB`",
        default="`2GB`",
        from_file=refuse,
        from_variable=split_size,
    ),
    Setting(
        name="processes",
        key="processes",
        variable=None,
        takes="table of commands",
        default="none besides `web`",
        from_file=read_commands,
        from_variable=refuse,
    ),
    Setting(
        name="model_path",
        key="model.path",
        variable="BP_MODEL",
        takes="file or directory",
        default="every model that is found",
        from_file=read_text,
        from_variable=read_text,
    ),
    Setting(
        name="model_name",
        key="model.name",
        variable="BP_MODEL_NAME",
        takes="name",
        default="what the model or its file is called",
        from_file=read_model_name,
        from_variable=read_model_name,
    ),
    Setting(
        name="model_version",
        key="model.version",
        variable="BP_MODEL_VERSION",
        takes="version",
        default="that of its directory, else `1`",
        from_file=read_model_name,
        from_variable=read_model_name,
    ),
    Setting(
        name="model_allow",
        key="model.allow",
        variable="BP_MODEL_ALLOW",
        takes="list of names",
        default="none",
        from_file=read_names,
        from_variable=split_names,
    ),
)
