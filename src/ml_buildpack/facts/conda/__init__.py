"""Conda environments, and what MLflow writes for conda: read, and translated to packages of PyPI."""
