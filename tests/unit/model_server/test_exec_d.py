"""What the helper makes of cgroup trees, environments and directories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from model_server import exec_d

GIB = 1024**3
NO_V1_LIMIT = "9223372036854771712"


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """The files of a cgroup mount; `proc` becomes what the process reads about itself."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("proc", "files", "cpu_quota", "memory_limit_bytes"),
    [
        pytest.param("0::/", {"cpu.max": "150000 100000", "memory.max": "1073741824"}, 1.5, GIB, id="v2"),
        pytest.param("0::/", {"cpu.max": "max 100000", "memory.max": "max"}, None, None, id="v2 without limits"),
        pytest.param("0::/", {}, None, None, id="v2 root of a machine, which has no such files"),
        pytest.param(
            "0::/kubepods/pod1/c1",
            {
                "cpu.max": "max 100000",
                "kubepods/pod1/cpu.max": "200000 100000",
                "kubepods/pod1/c1/cpu.max": "400000 100000",
                "kubepods/pod1/c1/memory.max": "2147483648",
            },
            2.0,
            2 * GIB,
            id="v2 nested: the tightest on the way up",
        ),
        pytest.param(
            "0::/system.slice/docker-1.scope",
            {"cpu.max": "50000 100000", "memory.max": "1073741824"},
            0.5,
            GIB,
            id="v2 path of the host, of which only the mount point is here",
        ),
        pytest.param("0::/../../other", {"cpu.max": "50000 100000"}, 0.5, None, id="v2 path outside the namespace"),
        pytest.param(
            "4:memory:/\n3:cpu,cpuacct:/\n0::/",
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "1073741824",
            },
            2.5,
            GIB,
            id="v1 with controllers mounted together",
        ),
        pytest.param(
            "4:memory:/\n2:cpuacct:/\n1:cpu:/",
            {
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": NO_V1_LIMIT,
            },
            None,
            None,
            id="v1 without limits",
        ),
        pytest.param(
            "4:memory:/docker/1\n1:cpu:/docker/1",
            {
                "cpu/cpu.cfs_quota_us": "100000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/docker/1/memory.limit_in_bytes": "2147483648",
                "memory/memory.limit_in_bytes": NO_V1_LIMIT,
            },
            1.0,
            2 * GIB,
            id="v1 nested for one controller, flat for the other",
        ),
        pytest.param("not a cgroup file", {"cpu.max": "100000 100000"}, 1.0, None, id="odd /proc/self/cgroup"),
        pytest.param(
            "0::/",
            {"cpu.max": "lots\x00 of", "memory.max": "-5"},
            None,
            None,
            id="garbage",
        ),
        pytest.param("0::/", {"cpu.max": "100000 0", "memory.max": "0"}, None, None, id="zeros"),
        pytest.param("0::/", {"cpu.max": "²00000 100000", "memory.max": "9" * 5000}, None, None, id="odd numbers"),
    ],
)
def test_limits_of_a_cgroup_tree(
    tmp_path: Path, proc: str, files: Mapping[str, str], cpu_quota: float | None, memory_limit_bytes: int | None
) -> None:
    """Both versions, as container engines really mount them."""
    root = write_tree(tmp_path, {"proc": proc, **{f"cgroup/{name}": text for name, text in files.items()}})

    limits = exec_d.read_limits(str(root / "cgroup"), str(root / "proc"))

    assert (cpu_quota, memory_limit_bytes) == (limits.cpu_quota, limits.memory_limit_bytes)
    assert len(os.sched_getaffinity(0)) == limits.cpus_allowed


def test_files_that_cannot_be_read_are_no_limit(tmp_path: Path) -> None:
    """Directories in the place of files: the same failure for root, who may read everything else."""
    (tmp_path / "cpu.max").mkdir()
    (tmp_path / "memory.max").mkdir()

    limits = exec_d.read_limits(str(tmp_path), str(tmp_path / "cpu.max"))

    assert (None, None) == (limits.cpu_quota, limits.memory_limit_bytes)


@pytest.mark.parametrize(
    ("cpus", "quota", "memory_gib", "environ", "workers", "native_threads"),
    [
        pytest.param(4, None, None, {}, 4, 1, id="a worker per CPU"),
        pytest.param(8, 1.5, None, {}, 2, 1, id="a part of a CPU is worth a worker"),
        pytest.param(8, 0.1, None, {}, 1, 1, id="there is always one"),
        pytest.param(8, 2.0, 0.25, {}, 1, 2, id="even where the memory says none"),
        pytest.param(8, 4.0, 1.0, {}, 2, 2, id="memory limits workers, threads use the CPUs that are left"),
        pytest.param(8, 3.5, 0.5, {}, 1, 3, id="threads do not exceed the quota"),
        pytest.param(2, 64.0, None, {}, 2, 1, id="cpuset below the quota"),
        pytest.param(8, None, 5.0, {"MODEL_SERVER_WORKER_MEMORY_BYTES": str(2 * GIB)}, 2, 4, id="measured memory"),
        pytest.param(8, None, 1.0, {"WEB_CONCURRENCY": "4"}, 4, 2, id="the user's workers"),
        pytest.param(4, None, 1.0, {"WEB_CONCURRENCY": "many"}, 2, 2, id="not a number is not a choice"),
    ],
)
def test_workers_and_native_threads(
    cpus: int,
    quota: float | None,
    memory_gib: float | None,
    environ: dict[str, str],
    workers: int,
    native_threads: int,
) -> None:
    """Workers times native threads is what the container may use, never more."""
    sizing = exec_d.choose_sizing(limits_of(cpus, quota, memory_gib), environ)

    assert (workers, 4, native_threads) == (sizing.workers, sizing.threads, sizing.native_threads)


@pytest.mark.parametrize(
    ("limits", "environ", "said"),
    [
        pytest.param(
            (8, 2.0, 1.0),
            {},
            "model_server: 2 workers x 4 threads (cpu quota 2.0, memory limit 1.0 GiB, 512 MiB per worker); "
            "override with WEB_CONCURRENCY",
            id="limited",
        ),
        pytest.param(
            (1, None, None),
            {"MODEL_SERVER_THREADS": "2"},
            "model_server: 1 worker x 2 threads (cpus 1, memory 64.0 GiB, 512 MiB per worker); "
            "override with WEB_CONCURRENCY",
            id="unlimited",
        ),
        pytest.param(
            (4, None, None),
            {"WEB_CONCURRENCY": "3"},
            "model_server: 3 workers (WEB_CONCURRENCY) x 4 threads (cpus 4, memory 64.0 GiB, 512 MiB per worker); "
            "override with WEB_CONCURRENCY",
            id="the user's choice",
        ),
    ],
)
def test_the_line_says_what_was_chosen_and_why(
    limits: tuple[int, float | None, float | None], environ: dict[str, str], said: str
) -> None:
    """The number that decided is in it."""
    found = limits_of(*limits)

    assert said == exec_d.render_choice(found, exec_d.choose_sizing(found, environ), environ)


def test_a_home_is_made_below_tmp_for_this_user_alone(tmp_path: Path) -> None:
    """It is only there when it can be used."""
    made = exec_d.home_defaults({}, str(tmp_path))

    home = tmp_path / f"model-server-{os.geteuid()}"
    assert 0o700 == home.stat().st_mode & 0o777
    assert {"HOME": str(home), "MPLCONFIGDIR": str(home / ".config/matplotlib")} == {
        name: made[name] for name in ("HOME", "MPLCONFIGDIR")
    }
    assert made == exec_d.home_defaults({"HOME": "/nonexistent"}, str(tmp_path))


def test_nothing_is_given_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A read-only /tmp leaves everything as it was."""
    assert {} == exec_d.home_defaults({}, str(tmp_path / "missing"))
    assert {} == exec_d.home_defaults({"HOME": str(tmp_path)}, str(tmp_path))


def test_a_link_in_tmp_is_not_followed(tmp_path: Path) -> None:
    """Whoever made it chose where our files go."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"model-server-{os.geteuid()}").symlink_to("elsewhere")

    assert {} == exec_d.home_defaults({}, str(tmp_path))


def test_a_uid_without_an_entry_gets_a_name() -> None:
    """Libraries ask for the user's name to find a cache directory, and fail for random uids."""
    assert ({"USER": "app", "LOGNAME": "app"}, {}) == (exec_d.user_defaults(2_000_000_000), exec_d.user_defaults(0))


def test_only_what_is_missing_is_set_except_an_unusable_home() -> None:
    """Empty is missing, as it is for the lifecycle's own defaults."""
    environ = {"PORT": "5000", "OMP_NUM_THREADS": "", "HOME": "/root"}
    defaults = {"PORT": "8080", "OMP_NUM_THREADS": "1", "HOME": "/tmp/x", "USER": "app"}  # noqa: S108

    assert {"OMP_NUM_THREADS": "1", "HOME": "/tmp/x", "USER": "app"} == exec_d.missing_from(environ, defaults)  # noqa: S108


def test_a_value_that_toml_cannot_hold_plainly_stops_all_output() -> None:
    """Half of the variables would be worse than none, and a broken document stops the container."""
    with pytest.raises(ValueError, match="HOME has characters"):
        exec_d.render_toml({"PORT": "8080", "HOME": '/home/"x'})


def limits_of(cpus: int, quota: float | None, memory_gib: float | None) -> exec_d.Limits:
    """Limits on a machine with 64 GiB."""
    return exec_d.Limits(
        cpu_quota=quota,
        cpus_allowed=cpus,
        memory_limit_bytes=None if memory_gib is None else int(memory_gib * GIB),
        machine_memory_bytes=64 * GIB,
    )
