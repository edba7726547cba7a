"""Import an application once and write down what that took. A program: its text runs on the application's Python.

Called by `import_trace`, as `python -c TEXT REQUEST`, in the application's directory. The request is JSON:
`application` (`module:attribute` or a module; "" for none), `factory`, `app_dir`, `modules` (imported where they are
there), `site` (where our in-image package is) and `report` (the file to write). Nothing but the standard library of
Python 3.8, and nothing that stays behind: the process ends without waiting for anybody's threads.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import importlib
import json
import operator
import os
import socket
import struct
import sys
import time
from typing import Any

# Values of Linux that no module of the standard library has everywhere.
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def main() -> None:
    """Trace the import that the first argument asks for."""
    request: dict[str, Any] = json.loads(sys.argv.pop())
    _import_from(request["app_dir"], request["site"])
    network = _leave_network()
    failure = None
    executed: set[str] = set()
    sys.addaudithook(lambda event, arguments: _note_module(event, arguments, executed))
    started_s = time.perf_counter()
    try:
        for name in request["modules"]:
            _import_if_there(name)
        if request["application"]:
            _load(request["application"], request["factory"])
    except BaseException as error:  # noqa: BLE001  # whatever somebody's application raises, SystemExit included
        failure = _describe(error)
    report = {
        "seconds": time.perf_counter() - started_s,
        "resident_bytes": _peak_resident_bytes(),
        "network": network,
        "failure": failure,
        "files": _loaded_files(executed),
    }
    with open(request["report"], "w", encoding="utf-8") as file:  # noqa: PTH123  # nothing more is imported
        json.dump(report, file)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by returning: an application's threads may never end.
    os._exit(0)


def _import_from(app_dir: str, site: str) -> None:
    # `python -m` has the working directory itself here, and an entry of "" would be it too, whatever it becomes.
    sys.path[0] = os.getcwd()  # noqa: PTH109
    if app_dir:
        sys.path.insert(0, os.path.abspath(app_dir))  # noqa: PTH100
    sys.path.append(site)


def _import_if_there(name: str) -> None:
    """Import what a server may load, if this release of it has that."""
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  # what the server cannot load, it does not use
        sys.stderr.write(f"{name}: {error}\n")


def _load(application: str, factory: bool) -> None:  # noqa: FBT001  # the request's own
    module_name, _, attributes = application.partition(":")
    loaded: Any = importlib.import_module(module_name)
    if attributes:
        loaded = operator.attrgetter(attributes)(loaded)
    if factory:
        loaded()


def _describe(error: BaseException) -> dict[str, Any]:
    """The exception as a value, with the deepest place in the application's own directory where it passed."""
    here, at, traceback = os.getcwd() + os.sep, None, error.__traceback__  # noqa: PTH109
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        if path.startswith(here):
            at = f"{path[len(here) :]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return {
        "type": type(error).__qualname__,
        "type_module": type(error).__module__,
        "message": str(error)[:2000],
        "missing_module": getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None,
        "at": at,
    }


def _note_module(event: str, arguments: tuple[Any, ...], executed: set[str]) -> None:
    """Add the file of a module that begins to run: one that fails, and is done without, is compiled at each start."""
    if event == "exec" and getattr(arguments[0], "co_name", "") == "<module>":
        executed.add(arguments[0].co_filename)


def _loaded_files(executed: set[str]) -> list[str]:
    """Every file that was run as a module, or belongs to one that is there."""
    files = {path for path in list(executed) if os.path.isabs(path)}  # noqa: PTH117
    for module in list(sys.modules.values()):
        try:
            path = module.__file__
        except Exception:  # noqa: BLE001, S112  # modules may be any object, and lazy ones do anything when they are asked
            continue
        if isinstance(path, str):
            files.add(os.path.abspath(path))  # noqa: PTH100
    return sorted(files)


def _peak_resident_bytes() -> int:
    # Not getrusage: its peak includes that of the process that this one was forked from.
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)


# --- no network ------------------------------------------------------------------------------------------------------


def _leave_network() -> str:
    """Go where there is no network, or have Python refuse what would need one; says which."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        sys.addaudithook(_refuse_network)
        return "refused by Python"
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
        _raise_loopback()
    except OSError:
        # Another user's number inside and no 127.0.0.1: seldom needed, and the network is off all the same.
        pass
    return "none"


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = fcntl.ioctl(sock, _SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        (flags,) = struct.unpack("16xh14x", asked)
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail as a machine without a network does. Not for what C libraries do by themselves."""
    if event == "socket.getaddrinfo" and not _is_local(arguments[0]):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise OSError(errno.ENETUNREACH, "Network is unreachable")


def _is_local(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return text is None or text in {"", "localhost", "::1", "0.0.0.0", "::"} or str(text).startswith("127.")  # noqa: S104


if __name__ == "__main__":
    main()
