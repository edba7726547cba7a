"""Which package of PyPI is meant by a name of a conda package, where the two differ. Data and one lookup.

Not here: names that differ only in case, dashes, underscores or dots, which PyPI takes for the same. Where a conda
package holds a Python package, its entry was compared with the name in that package's own metadata (the mapping of
conda-forge and of the channel `pytorch` that parselmouth publishes, August 2026); where it holds none, with what it
depends on. To add one: the name in `conda list`, the name in `pip list`, and the group that says why they differ.
"""

from __future__ import annotations

# conda splits a package by what its binaries were built for. On PyPI one name has them all, or a local version such as
# +cpu, which the index decides.
_BUILDS = {
    "cupy": "cupy-cuda12x",  # the name `cupy` on PyPI is a source distribution that needs a CUDA compiler
    "cupy-core": "cupy-cuda12x",
    "onnxruntime-novec": "onnxruntime",
    "polars-default": "polars",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "tensorflow-base": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "tensorflow-gpu": "tensorflow",  # withdrawn from PyPI: `tensorflow` has the GPU code since 2.1
    "tensorflow-gpu-base": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "torchaudio-cpu": "torchaudio",
    "torchvision-cpu": "torchvision",
}

# conda builds a large package in layers: a core that others need, and the whole, which is a name without files.
_LAYERS = {
    "aesara-base": "aesara",
    "astropy-base": "astropy",
    "cvxpy-base": "cvxpy",
    "dask": "dask[complete]",
    "dask-core": "dask",
    "evalml-core": "evalml",
    "fastapi-core": "fastapi",
    "geopandas-base": "geopandas",
    "ibis-framework-core": "ibis-framework",
    "jina-core": "jina",
    "matplotlib-base": "matplotlib",
    "mlflow-ui": "mlflow",
    "mne-base": "mne",
    "modin-all": "modin[all]",
    "modin-core": "modin",
    "modin-dask": "modin[dask]",
    "modin-ray": "modin[ray]",
    "nbconvert-core": "nbconvert",
    "numpy-base": "numpy",
    "pandera-base": "pandera",
    "pandera-core": "pandera",
    "panel-core": "panel",
    "pyarrow-all": "pyarrow",
    "pyarrow-core": "pyarrow",
    "pymc-base": "pymc",
    "pytensor-base": "pytensor",
    "qtconsole-base": "qtconsole",
    "ray-core": "ray",
    "ray-data": "ray[data]",
    "ray-default": "ray[default]",
    "ray-rllib": "ray[rllib]",
    "ray-serve": "ray[serve]",
    "ray-train": "ray[train]",
    "ray-tune": "ray[tune]",
    "seaborn-base": "seaborn",
    "sqlalchemy-utils-base": "sqlalchemy-utils",
    "starlette-base": "starlette",
    "starlette-full": "starlette[full]",
    "uvicorn-standard": "uvicorn[standard]",
    "vtk-base": "vtk",
}

# Where a library and its Python module share a name, conda keeps the plain one for the library.
_MODULES_OF_LIBRARIES = {
    "brotli-python": "brotli",
    "cython-blis": "blis",
    "h2o-py": "h2o",
    "h3-py": "h3",
    "libopenvino-python": "openvino",
    "libsvm-python": "libsvm",
    "msgpack-python": "msgpack",
    "ninja-python": "ninja",
    "ortools-python": "ortools",
    "python-annoy": "annoy",
    "python-blosc": "blosc",
    "python-blosc2": "blosc2",
    "python-confluent-kafka": "confluent-kafka",
    "python-duckdb": "duckdb",
    "python-eccodes": "eccodes",
    "python-flatbuffers": "flatbuffers",
    "python-ghostscript": "ghostscript",
    "python-gmsh": "gmsh",
    "python-graphviz": "graphviz",
    "python-hdfs": "hdfs",
    "python-igraph": "igraph",
    "python-isal": "isal",
    "python-kaleido": "kaleido",
    "python-lmdb": "lmdb",
    "python-pdfkit": "pdfkit",
    "python-sounddevice": "sounddevice",
    "python-symengine": "symengine",
    "python-tzdata": "tzdata",
    "python-wget": "wget",
    "python-xxhash": "xxhash",
    "python-zstd": "zstd",
    "quantlib-python": "quantlib",
    "sentencepiece-python": "sentencepiece",
    "soxr-python": "soxr",
    "tiledb-py": "tiledb",
    "usearch-python": "usearch",
    "zxing-cpp-python": "zxing-cpp",
}

# The same project under another name.
_OTHER_NAMES = {
    "boruta_py": "boruta",
    "cufflinks-py": "cufflinks",
    "docker-py": "docker",
    "dspy-ai": "dspy",
    "faiss": "faiss-cpu",
    "filesystem-spec": "fsspec",
    "ignite": "pytorch-ignite",
    "iris": "scitools-iris",
    "kernprof": "line-profiler",
    "langfuse-python": "langfuse",
    "locustio": "locust",
    "multicore-tsne": "multicoretsne",
    "neo4j-python-driver": "neo4j",
    "nvidia-ml": "nvidia-ml-py",
    "ollama-python": "ollama",
    "opencv": "opencv-python-headless",  # without a screen; the other build needs libGL, which small images lack
    "pgvector-python": "pgvector",
    "playwright-python": "playwright",
    "pvlib-python": "pvlib",
    "py-opencv": "opencv-python-headless",
    "pyg": "torch-geometric",
    "pyqt": "pyqt5",
    "pysoundfile": "soundfile",
    "pysox": "sox",
    "pytables": "tables",
    "python-devtools": "devtools",
    "python-fastjsonschema": "fastjsonschema",
    "python-flair": "flair",
    "python-kubernetes": "kubernetes",
    "pytorch-cluster": "torch-cluster",
    "pytorch-dp": "opacus",
    "pytorch-geometric": "torch-geometric",
    "pytorch-scatter": "torch-scatter",
    "pytorch-sparse": "torch-sparse",
    "pytorch-spline-conv": "torch-spline-conv",
    "quaternion": "numpy-quaternion",
    "redis-py": "redis",
    "river-py": "river",
    "runpod-python": "runpod",
    "sagemaker-inference-toolkit": "sagemaker-inference",
    "sagemaker-python-sdk": "sagemaker",
    "spotify-voyager": "voyager",
    "superset": "apache-superset",
    "tantivy-py": "tantivy",
    "torchtriton": "triton",
    "trino-python-client": "trino",
    "valkey-py": "valkey",
}

PYPI_NAMES = {**_BUILDS, **_LAYERS, **_MODULES_OF_LIBRARIES, **_OTHER_NAMES}
# PyPI's releases have a fourth number, which conda's do not have: 4.10.0 there is 4.10.0.84 here.
WITH_FOURTH_NUMBER = frozenset({"opencv-python-headless"})


def pypi_requirement(conda_name: str) -> str:
    """The name on PyPI, perhaps with extras; the same name where nothing else is known."""
    return PYPI_NAMES.get(conda_name, PYPI_NAMES.get(conda_name.replace("_", "-"), conda_name))
