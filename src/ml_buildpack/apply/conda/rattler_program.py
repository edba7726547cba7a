"""A program of its own: asks py-rattler to solve or to install, and writes its answer as JSON.

Started with the folder of the library, the name of a task and two files. A process of its own, because the library is
no part of the buildpack, looks at variables of its process, and reports what it means only in the text of exceptions.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any


async def solve(task: dict[str, Any]) -> dict[str, Any]:
    """The chosen packages, as the channels' indexes describe them."""
    from rattler import Channel, ChannelPriority, Client, Gateway, GenericVirtualPackage, PackageName, Version
    from rattler import solve as solve_with_rattler
    from rattler.networking.middleware import AuthenticationMiddleware
    from rattler.package import BuildString

    virtual = [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
        for name, version, build in (text.split("=", 2) for text in task["virtual_packages"])
    ]
    # The library's own client tries again for minutes, and says afterwards only that it did.
    client = Client([AuthenticationMiddleware()])
    records = await solve_with_rattler(
        sources=[Channel(address) for address in task["channels"]],
        specs=task["specs"],
        platforms=[task["subdir"], "noarch"],
        virtual_packages=virtual,
        gateway=Gateway(cache_dir=Path(task["cache"]), client=client),
        # conda's own rule: a channel that has a package is the only one for it, whatever later ones have.
        channel_priority=ChannelPriority.Strict,
    )
    return {"records": [{**json.loads(record.to_json()), "url": record.url} for record in records]}


async def install(task: dict[str, Any]) -> dict[str, Any]:
    """Nothing: the packages of those archives are in the prefix afterwards."""
    from rattler import RepoDataRecord
    from rattler import install as install_with_rattler

    records = [await RepoDataRecord.from_package_archive(archive) for archive in task["archives"]]
    await install_with_rattler(
        records,
        task["prefix"],
        cache_dir=Path(task["cache"]),
        show_progress=False,
        # They are programs of whoever made the package; conda's own build of an environment runs them as the user.
        execute_link_scripts=False,
    )
    return {}


def main(arguments: list[str]) -> None:
    """Write the answer, also where the library failed: the answer says so then."""
    library, name, task_path, answer_path = arguments
    sys.path.insert(0, library)
    task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    work = {"solve": solve, "install": install}[name]
    try:
        answer = asyncio.run(work(task))
    except Exception as error:  # noqa: BLE001  # whatever it is, its name and its text are all that the caller can use
        answer = {"error": type(error).__name__, "message": str(error)}
    Path(answer_path).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
    # Without Python's own end: threads of the library outlive it, and about one process in twelve would end in a crash.
    os._exit(0)
