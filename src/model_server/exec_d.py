"""Sizes the server for its container: defaults for what the user has not set, as TOML on file descriptor 3.

Installed by the buildpack as `exec.d/size`, a plain script whose first line is `#!<the app's base Python> -ISB`.
The lifecycle's launcher runs it before every process and stops the container when it fails, so it never does: any
trouble gives one line on stderr, no output and exit code 0. It imports only what costs nothing (`dataclasses` alone
would double its 10 ms), and it must not import the rest of `model_server`, which `-I -S` does not find.

Source: Buildpack API 0.10, "Exec.d"; https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.max`, `memory.max`.
"""

from __future__ import annotations

import os
import pwd

TOML_FD = 3
STDERR_FD = 2
MIB = 1024 * 1024
GIB = 1024 * MIB

# A scikit-learn or xgboost worker with a small model needs 150 to 300 MiB; half a GiB leaves room for the requests.
# A measured figure replaces it through MODEL_SERVER_WORKER_MEMORY_BYTES.
WORKER_MEMORY_BYTES = 512 * MIB
# Requests wait for sockets and databases; four of them share one process without four copies of the model.
THREADS_PER_WORKER = 4
# cgroup v1 says "no limit" with the largest multiple of the page size below 2^63.
NO_LIMIT_FROM_BYTES = 1 << 60
NATIVE_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# Below a home directory of our own, because a random uid has none and a read-only root file system cannot write its.
CACHE_DIRECTORIES = (
    ("XDG_CACHE_HOME", ".cache"),
    ("MPLCONFIGDIR", ".config/matplotlib"),
    ("NUMBA_CACHE_DIR", ".cache/numba"),
    ("HF_HOME", ".cache/huggingface"),
    ("TORCH_HOME", ".cache/torch"),
)


class Limits:
    """What the container grants: CPUs by quota and by affinity, bytes of memory; `None` is "no limit"."""

    __slots__ = ("cpu_quota", "cpus_allowed", "machine_memory_bytes", "memory_limit_bytes")

    def __init__(
        self,
        *,
        cpu_quota: float | None,
        cpus_allowed: int,
        memory_limit_bytes: int | None,
        machine_memory_bytes: int,
    ) -> None:
        self.cpu_quota = cpu_quota
        self.cpus_allowed = cpus_allowed
        self.memory_limit_bytes = memory_limit_bytes
        self.machine_memory_bytes = machine_memory_bytes

    def cpus(self) -> float:
        """CPUs that can be busy at the same time, fractions included."""
        return min(float(self.cpus_allowed), self.cpu_quota or float(self.cpus_allowed))

    def memory_bytes(self) -> int:
        """Bytes that the container can use before it is killed."""
        return min(self.machine_memory_bytes, self.memory_limit_bytes or self.machine_memory_bytes)


class Sizing:
    """Processes, Python threads in each, and native (OpenMP, BLAS) threads in each."""

    __slots__ = ("native_threads", "threads", "worker_memory_bytes", "workers")

    def __init__(self, *, workers: int, threads: int, native_threads: int, worker_memory_bytes: int) -> None:
        self.workers = workers
        self.threads = threads
        self.native_threads = native_threads
        self.worker_memory_bytes = worker_memory_bytes


def main() -> None:
    """Write the defaults and say what was chosen. Never returns; the exit code is 0, whatever happens."""
    try:
        environ = dict(os.environ)
        limits = read_limits()
        sizing = choose_sizing(limits, environ)
        defaults = {**server_defaults(sizing), **home_defaults(environ), **user_defaults(os.getuid())}
        text = render_toml(missing_from(environ, defaults))
        os.write(TOML_FD, text.encode("ascii"))
        # The launcher waits for the end of this file: nothing may come between.
        os.close(TOML_FD)
        say(render_choice(limits, sizing, environ))
    except Exception as error:  # noqa: BLE001 (a failing helper is a container that never starts)
        say(f"model_server: no defaults for this container: {type(error).__name__}: {error}")
    # Not sys.exit: flushing a closed stderr at exit would turn the exit code into 120.
    os._exit(0)


# --- what the container grants -----------------------------------------------------------------------------------


def read_limits(cgroup_root: str = "/sys/fs/cgroup", proc_cgroup: str = "/proc/self/cgroup") -> Limits:
    """The container's limits from cgroup v1 or v2; a file that is missing, unreadable or odd is no limit."""
    memberships = read_memberships(proc_cgroup)
    return Limits(
        cpu_quota=read_cpu_quota(cgroup_root, memberships),
        cpus_allowed=max(1, len(os.sched_getaffinity(0))),
        memory_limit_bytes=read_memory_limit(cgroup_root, memberships),
        machine_memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    )


def read_memberships(proc_cgroup: str) -> list[tuple[str, str]]:
    """Pairs of mount name and path: `("", "/a")` for v2, `("cpu,cpuacct", "/a")` for v1."""
    lines = [line.split(":", 2) for line in read_text(proc_cgroup).splitlines()]
    # Without the file (no /proc), the container's own cgroup is still what is mounted at the root.
    return [(line[1], line[2]) for line in lines if len(line) == 3] or [("", "/"), ("cpu", "/"), ("memory", "/")]  # noqa: PLR2004


def read_cpu_quota(cgroup_root: str, memberships: list[tuple[str, str]]) -> float | None:
    """CPUs that the tightest quota on the way up to the root grants, e.g. 1.5."""
    quotas = []
    for mount, path in memberships:
        for directory in directories_up(cgroup_root, mount, path, "cpu"):
            quotas.append(parse_cpu_max(read_text(directory + "/cpu.max")))
            quota_us, period_us = (read_text(directory + "/cpu.cfs_" + name) for name in ("quota_us", "period_us"))
            quotas.append(parse_cpu_max(quota_us + " " + period_us))
    return min((quota for quota in quotas if quota), default=None)


def read_memory_limit(cgroup_root: str, memberships: list[tuple[str, str]]) -> int | None:
    """Bytes of the tightest memory limit on the way up to the root."""
    limits = []
    for mount, path in memberships:
        for directory in directories_up(cgroup_root, mount, path, "memory"):
            limits.append(parse_positive(read_text(directory + "/memory.max")))
            limits.append(parse_positive(read_text(directory + "/memory.limit_in_bytes")))
    return min((limit for limit in limits if limit and limit < NO_LIMIT_FROM_BYTES), default=None)


def directories_up(cgroup_root: str, mount: str, path: str, controller: str) -> list[str]:
    """The directories from a hierarchy's mount point down to `path`; none if it lacks the controller.

    The path is the host's where the container has no cgroup namespace, and then only its mount point exists here.
    """
    if mount and controller not in mount.split(","):
        return []
    parts = [part for part in path.split("/") if part]
    below = [] if ".." in parts else ["/".join(["", *parts[: depth + 1]]) for depth in range(len(parts))]
    # systemd mounts "cpu,cpuacct" and links "cpu" to it; others have only the one name or the other.
    mounts = {cgroup_root + "/" + mount, cgroup_root + "/" + controller} if mount else {cgroup_root}
    return [base + suffix for base in sorted(mounts) for suffix in ["", *below]]


def parse_cpu_max(text: str) -> float | None:
    """`150000 100000` is 1.5 CPUs; `max 100000`, `-1 100000` and anything odd is no quota."""
    fields = text.split()
    if len(fields) != 2:  # noqa: PLR2004
        return None
    quota_us, period_us = parse_positive(fields[0]), parse_positive(fields[1])
    return quota_us / period_us if quota_us and period_us else None


def parse_positive(text: str) -> int | None:
    """The number that the text is, if it is one above zero that a kernel or a person would write."""
    digits = text.strip()
    longest_64_bit = 20
    if not (digits.isascii() and digits.isdigit() and len(digits) <= longest_64_bit):
        return None
    return int(digits) or None


def read_text(path: str) -> str:
    """The beginning of a small file; empty if it cannot be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 (pathlib costs 5 ms)
            return file.read(65536)
    except OSError:
        return ""


# --- what to make of it ------------------------------------------------------------------------------------------


def choose_sizing(limits: Limits, environ: dict[str, str]) -> Sizing:
    """One worker per CPU, as far as the memory reaches; native threads fill the CPUs that workers leave idle."""
    worker_memory_bytes = parse_positive(environ.get("MODEL_SERVER_WORKER_MEMORY_BYTES", "")) or WORKER_MEMORY_BYTES
    by_cpu = -int(-limits.cpus() // 1)
    by_memory = limits.memory_bytes() // worker_memory_bytes
    workers = parse_positive(environ.get("WEB_CONCURRENCY", "")) or max(1, min(by_cpu, by_memory))
    return Sizing(
        workers=workers,
        threads=parse_positive(environ.get("MODEL_SERVER_THREADS", "")) or THREADS_PER_WORKER,
        # Rounded down: one thread more than the quota grants makes the kernel pause all of them.
        native_threads=max(1, int(limits.cpus()) // workers),
        worker_memory_bytes=worker_memory_bytes,
    )


def server_defaults(sizing: Sizing) -> dict[str, str]:
    """Variables that the server and the numeric libraries read."""
    native_threads = str(sizing.native_threads)
    return {
        "PORT": "8080",
        "WEB_CONCURRENCY": str(sizing.workers),
        "MODEL_SERVER_THREADS": str(sizing.threads),
        **dict.fromkeys(NATIVE_THREAD_VARIABLES, native_threads),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def home_defaults(environ: dict[str, str], tmp: str = "/tmp") -> dict[str, str]:  # noqa: S108
    """A home and caches below `tmp`, made here; nothing if the user's home is writable or `tmp` is not."""
    if is_writable_directory(environ.get("HOME", "")):
        return {}
    home = f"{tmp}/model-server-{os.geteuid()}"
    if not make_private_directory(home):
        return {}
    return {"HOME": home, **{name: f"{home}/{below}" for name, below in CACHE_DIRECTORIES}}


def user_defaults(uid: int) -> dict[str, str]:
    """A name for a uid that has no passwd entry: `getpass.getuser()` (torch, for one, calls it) fails without."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return {"USER": "app", "LOGNAME": "app"}
    return {}


def missing_from(environ: dict[str, str], defaults: dict[str, str]) -> dict[str, str]:
    """The defaults that the user has not set. HOME is one only when what was set cannot be written."""
    return {name: value for name, value in defaults.items() if name == "HOME" or not environ.get(name)}


def is_writable_directory(path: str) -> bool:
    """Whether files can be created in it; false for no path at all."""
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)  # noqa: PTH112


def make_private_directory(path: str) -> bool:
    """Whether `path` is now a directory of this user. `/tmp` is shared: one that someone else made is not used."""
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102
    except FileExistsError:
        pass
    except OSError:
        return False
    return not os.path.islink(path) and os.lstat(path).st_uid == os.geteuid() and is_writable_directory(path)  # noqa: PTH114


# --- how to say it -----------------------------------------------------------------------------------------------


def render_toml(variables: dict[str, str]) -> str:
    """One `NAME = "value"` line each. Raises: ValueError for a value that a TOML string cannot hold plainly."""
    for name, value in variables.items():
        if not (value.isascii() and value.isprintable()) or '"' in value or "\\" in value:
            raise ValueError(f"{name} has characters that TOML would need escaped")
    return "".join(f'{name} = "{value}"\n' for name, value in variables.items())


def render_choice(limits: Limits, sizing: Sizing, environ: dict[str, str]) -> str:
    """What was chosen and why, in one line."""
    by_quota = limits.cpu_quota is not None and limits.cpu_quota <= limits.cpus_allowed
    cpu = f"cpu quota {limits.cpu_quota:.1f}" if by_quota else f"cpus {limits.cpus_allowed}"
    memory = "memory limit" if limits.memory_limit_bytes else "memory"
    origin = " (WEB_CONCURRENCY)" if environ.get("WEB_CONCURRENCY") else ""
    plural = "" if sizing.workers == 1 else "s"
    return (
        f"model_server: {sizing.workers} worker{plural}{origin} x {sizing.threads} threads ({cpu}, "
        f"{memory} {limits.memory_bytes() / GIB:.1f} GiB, {sizing.worker_memory_bytes // MIB} MiB per worker); "
        "override with WEB_CONCURRENCY"
    )


def say(line: str) -> None:
    """One line on stderr, which may be closed."""
    try:  # noqa: SIM105 (contextlib costs 6 ms)
        os.write(STDERR_FD, (line.replace("\n", " ") + "\n").encode("utf-8", "replace"))
    except OSError:
        pass


if __name__ == "__main__":
    main()
