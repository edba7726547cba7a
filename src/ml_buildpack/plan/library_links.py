"""Which names of other folders of packages a folder must have too, for its libraries to find those of others. Pure.

A library names the folders of what it needs relative to itself (`$ORIGIN/../../nvidia/cublas/lib`): its maker expected
all packages in one folder. Where they are in another layer, a link of that name leads there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.plan.accelerated_packages import CUDA_FOLDER


def plan_links(
    searched: Iterable[str], folder: str, own: frozenset[str], neighbours: Mapping[str, LayerName]
) -> dict[str, LayerName]:
    """The names that must be links, with the layer that has them.

    `searched` are the absolute folders in which the libraries below `folder` look for others, `own` the names that
    `folder` has itself.
    """
    inner = (path[len(folder) + 1 :] for path in searched if path.startswith(f"{folder}/"))
    names = {path.partition("/")[0] for path in inner} - own
    links = {name: neighbours[name] for name in sorted(names) if name in neighbours}
    # A library that is reached by a link looks for others relative to the link.
    if links and CUDA_FOLDER in neighbours and CUDA_FOLDER not in own:
        links[CUDA_FOLDER] = neighbours[CUDA_FOLDER]
    return links
