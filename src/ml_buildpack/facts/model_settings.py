"""The settings of models, in the table `[model]`. Data; called by `setting_table`."""

from __future__ import annotations

from ml_buildpack.facts.setting import Setting
from ml_buildpack.facts.setting_values import (
    read_flag,
    read_model_name,
    read_names,
    read_text,
    split_flag,
    split_names,
)

MODEL_SETTINGS: tuple[Setting, ...] = (
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
    Setting(
        name="model_slices",
        key="model.slices",
        variable="BP_MODEL_SLICES",
        takes="`true` or `false`",
        default="`true`",
        from_file=read_flag,
        from_variable=split_flag,
    ),
)
