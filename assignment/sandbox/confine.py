"""What a process gives up before it runs code that nobody has read.

Limits of the system and root's capabilities, then, where the Linux kernel has them, Landlock (which
files may be opened, since 5.13; no signals to outsiders, since 6.12) and a seccomp filter (which
system calls answer at all). Neither needs root, and neither can be taken back. See landlock(7) and
seccomp(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

if sys.platform == "linux":
    LIBC = ctypes.CDLL(None, use_errno=True)

# Numbers of system calls on x86-64 and on 64-bit ARM; None: that machine has no such call.
DENIED = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "socket": (41, 198), "socketpair": (53, 199), "ptrace": (101, 117), "setsid": (112, 157),
    "setpgid": (109, 154), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51), "pivot_root": (155, 41),
    "unshare": (272, 97), "setns": (308, 268), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "perf_event_open": (298, 241), "keyctl": (250, 219), "add_key": (248, 217),
    "userfaultfd": (323, 282), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "memfd_create": (319, 279), "kexec_load": (246, 104), "personality": (135, 92),
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "ioprio_set": (251, 30),
}  # fmt: skip
CLONE, CLONE3, KILL, TGKILL, PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH
CLONE_THREAD = 0x10000
EPERM, ENOSYS = 1, 38


@dataclass(frozen=True)
class Limits:
    """What one run may use."""

    seconds: float  # of wall time, and of each core's
    memory: int  # bytes, beyond what the process has at its start
    file_bytes: int  # what its files may hold, each and all together, in a folder of its own
    processes: int = 64  # threads included


# Of one task, and of an import. Packages want a cache to write in (matplotlib does not start
# without), and honest code may log to a file.
LIMITS = Limits(seconds=10, memory=2**31, file_bytes=2**24)


def set_limits(limits: Limits) -> None:
    """Set the limits of the system that this platform has."""
    if resource is None:
        return
    in_use = 0
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    wanted = {
        "RLIMIT_CPU": int(2 * limits.seconds) + 1,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
    }
    if in_use:
        wanted["RLIMIT_AS"] = in_use + limits.memory
    if os.geteuid() != 0:  # root is not bound by it, and it counts all processes of a user
        wanted["RLIMIT_NPROC"] = limits.processes + own_processes()
    for name, value in wanted.items():
        if (number := getattr(resource, name, None)) is not None:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, value))


def own_processes() -> int:
    """How many threads this user runs already."""
    count = 0
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.geteuid():
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def forbid_new_privileges() -> bool:
    """No setuid program gives back what is given up; required by what follows."""
    return sys.platform == "linux" and LIBC.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS


def drop_capabilities() -> None:
    """Keep nothing of what root may do beyond using the files that it owns; capabilities(7)."""
    if sys.platform == "linux":
        header = struct.pack("=Ii", 0x20080522, 0)  # version 3, this process
        LIBC.capset(header, bytes(24))  # effective, permitted, inheritable: none


def hide_memory() -> None:
    """Close /proc/<pid> of this process to others of the same user, and to their debuggers."""
    if sys.platform == "linux":
        LIBC.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent is gone."""
    if sys.platform == "linux":
        LIBC.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    if sys.platform == "linux":
        LIBC.prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL


def landlock(readable: Sequence[str], writable: Sequence[str]) -> bool:
    """Let this process open nothing but what is below these paths; whether the kernel can.

    Files on the way that do not exist are left out. Paths are opened before they are closed off.
    """
    if sys.platform != "linux":
        return False
    version = LIBC.syscall(444, None, ctypes.c_size_t(0), 1)  # landlock_create_ruleset
    if version < 1:
        return False
    every = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    network = 3 if version >= 4 else 0  # bind and connect
    scoped = 3 if version >= 6 else 0  # abstract sockets, signals
    attributes = struct.pack("QQQ", every, network, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = LIBC.syscall(444, attributes[:size], ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    read, execute = 0b1100, 0b1101  # read files and folders; execute lets libraries be mapped
    rules = [(path, execute) for path in readable] + [(path, every) for path in writable]
    rules += [(f"/dev/{name}", read | 2) for name in ("null", "zero", "random", "urandom")]
    for path, access in rules:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if not os.path.isdir(path):
                access &= 0b100000000000111 if version >= 3 else 0b111  # what a file can have
            rule = struct.pack("=Qi", access & every, handle)
            LIBC.syscall(445, ruleset, 1, rule, 0)  # landlock_add_rule, PATH_BENEATH
            os.close(handle)
    done = LIBC.syscall(446, ruleset, 0) == 0  # landlock_restrict_self
    os.close(ruleset)
    return done


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def seccomp() -> bool:
    """Refuse system calls that start programs, reach other processes or the network.

    Threads may be started, and a process may signal itself (which is how abort() works).
    """
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    column, architecture = machine
    load, equal, all_bits, answer = 0x20, 0x15, 0x45, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO

    def numbers(calls: Sequence[tuple[int | None, int | None]]) -> list[int]:
        return [n for call in calls if (n := call[column]) is not None]

    own = os.getpid()
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, refuse | EPERM)]
    program += [(load, 0, 0, 0)]
    if column == 0:  # the 32-bit calls of x32 have a bit of their own
        program += [(all_bits, 0, 1, 0x40000000), (answer, 0, 0, refuse | ENOSYS)]
    # The C library falls back from clone3, whose flags a filter cannot see, to clone.
    program += [(equal, 0, 1, CLONE3[column]), (answer, 0, 0, refuse | ENOSYS)]
    for number in numbers(list(DENIED.values())):
        program += [(equal, 0, 1, number), (answer, 0, 0, refuse | EPERM)]
    program += [
        (equal, 0, 4, CLONE[column]),
        (load, 0, 0, 16),
        (all_bits, 1, 0, CLONE_THREAD),
        (answer, 0, 0, refuse | EPERM),
        (answer, 0, 0, allow),
    ]
    for number in (KILL[column], TGKILL[column]):
        program += [
            (equal, 0, 4, number),
            (load, 0, 0, 16),
            (equal, 1, 0, own),
            (answer, 0, 0, refuse | EPERM),
            (answer, 0, 0, allow),
        ]
    program += [
        (equal, 0, 4, PRLIMIT[column]),
        (load, 0, 0, 16),
        (equal, 1, 0, 0),
        (answer, 0, 0, refuse | EPERM),
        (answer, 0, 0, allow),
    ]
    program += [(answer, 0, 0, allow)]
    array = (_Instruction * len(program))(*(_Instruction(*line) for line in program))
    filter_ = _Program(len(program), array)
    return LIBC.prctl(22, 2, ctypes.byref(filter_), 0, 0) == 0  # PR_SET_SECCOMP, FILTER


def readable_places(tree: str) -> list[str]:
    """Where Python, its packages and the system's libraries are, and the code to run."""
    places = {tree, sys.prefix, sys.base_prefix, "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"}
    places |= {"/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"}
    places |= {"/proc/cpuinfo", "/sys/devices/system/cpu"}  # libraries choose their code by these
    # Packages that lie elsewhere; not all of sys.path, which may begin with a solution.
    places |= {p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")}
    return sorted({os.path.realpath(place) for place in places})
