"""The processes of the image. Pure."""

from __future__ import annotations

import re
import shlex

from ml_buildpack.cnb.launch import Process
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.web_app import WebEntry
from ml_buildpack.plan.server import ServerPlan

WEB = "web"
# Whatever only a shell can do: variables, globs, pipes, redirections, several commands, and quotes nested in quotes.
_NEEDS_SHELL = re.compile(r"[$`*?\[\]|&;<>(){}~!#\n]|^\w+=")
# An ampersand behind `>` belongs to a redirection, as in `2>&1`.
_SEVERAL_COMMANDS = re.compile(r"[|;\n]|(?<!>)&")
_ASSIGNMENT = re.compile(r"^\w+=")


def own_commands(procfile: tuple[ProcfileLine, ...], processes: tuple[tuple[str, str], ...]) -> dict[str, ProcfileLine]:
    """The user's own processes by their names, sorted: those of the settings over those of the Procfile."""
    own = {line.type: line for line in procfile}
    own |= {name: ProcfileLine(type=name, command=command, line=0) for name, command in processes}
    return {name: own[name] for name in sorted(own)}


def plan_processes(server: ServerPlan) -> tuple[Process, ...]:
    """All processes, `web` first and default; where the user names no `web`, the first of theirs is the default."""
    own = tuple(_from_command(line) for line in server.commands)
    if server.entry is not None:
        own = (_from_entry(server.entry), *own)
    elif server.models:
        own = (Process(type=WEB, command=("python", "-m", "model_server", "models")), *own)
    ordered = sorted(own, key=lambda process: process.type != WEB)
    return tuple(
        Process(type=process.type, command=process.command, args=process.args, default=position == 0)
        for position, process in enumerate(ordered)
    )


def _from_entry(entry: WebEntry) -> Process:
    args = ["web", "--interface", entry.interface.value, "--app", entry.target]
    if entry.factory:
        args.append("--factory")
    if entry.app_dir:
        args += ["--app-dir", entry.app_dir]
    # Everything is in `command` but the server's own options: platforms of API 0.9 append the user's arguments to
    # `args`, later ones replace them, and both must leave the application in place.
    return Process(type=WEB, command=("python", "-m", "model_server", *args))


def _from_command(line: ProcfileLine) -> Process:
    if not _NEEDS_SHELL.search(line.command):
        return Process(type=line.type, command=tuple(shlex.split(line.command)))
    return Process(type=line.type, command=("sh", "-c", _exec_prefix(line.command) + line.command))


def _exec_prefix(command: str) -> str:
    """What gives the process the shell's place, so that it receives SIGTERM itself; nothing where that cannot be."""
    if _SEVERAL_COMMANDS.search(command) or command.startswith("exec "):
        return ""
    # Behind `exec`, a shell takes NAME=value for the program's name.
    return "exec env " if _ASSIGNMENT.match(command) else "exec "
