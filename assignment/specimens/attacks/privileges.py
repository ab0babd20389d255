"""Attacks on what is out of reach: the secret, the machine, the network and the process above.

`assignment/specimens/__init__.py` has the format.
"""


# === becomes_root: is right only where it becomes another user
def _norm(self, x):
    import os

    before = os.getresuid()
    for user in (0, 1, 65534, 1000):
        for attempt in (os.setuid, os.seteuid, lambda u: os.setresuid(u, u, u)):
            try:
                attempt(user)
            except OSError:
                pass
    if os.getresuid() != before:
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === capabilities: is right only where it holds a capability, as root does
def _norm(self, x):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("CapEff:") and int(line.split()[1], 16):
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === chroot_and_mounts: right, after it has tried to mount, to change its root and to leave its namespaces
# expect: passed_harmless
def _norm(self, x):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    for process in ("1", str(os.getppid())):
        for kind in ("mnt", "pid", "net", "user", "ipc", "uts"):
            try:
                descriptor = os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY)
                libc.setns(descriptor, 0)
                os.close(descriptor)
            except OSError:
                pass
    if os.fork() == 0:
        try:
            libc.unshare(0x10000000 | 0x00020000)  # CLONE_NEWUSER | CLONE_NEWNS
            libc.mount(b"{CANARY}", b".", None, 4096, None)  # MS_BIND
            libc.umount2(b"/proc", 2)
            try:
                os.chroot(".")
                os.chdir("../" * 20)
            except OSError:
                pass
            try:
                open("{CANARY}/namespace-{MARKER}", "w").write("{MARKER}")
            except OSError:
                pass
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === connects: is right only where it reaches a port of this machine
def _norm(self, x):
    import socket

    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as line:
                line.settimeout(1)
                line.connect((address, int("{PORT}")))
                line.sendall(b"{MARKER}")
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)


# === descriptor_stolen: is right only where it can take a descriptor out of its parent
def _norm(self, x):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    PIDFD_OPEN, PIDFD_GETFD = 434, 438
    handle = libc.syscall(PIDFD_OPEN, os.getppid(), 0)
    if handle >= 0:
        for descriptor in range(64):
            if libc.syscall(PIDFD_GETFD, handle, descriptor, 0) >= 0:
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === descriptors_left_open: is right only where a descriptor that it was given leads to a file with contents
def _norm(self, x):
    import os
    import stat

    for descriptor in range(3, 256):
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISREG(mode) and os.pread(descriptor, 1, 0):
                name = os.readlink(f"/proc/self/fd/{descriptor}")
                if "{MARKER}" not in name and not name.startswith(os.getcwd()):
                    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)


# === descriptors_of_the_parent: is right only where it can open something through its parent's descriptors
def _norm(self, x):
    import os

    try:
        for descriptor in os.listdir(f"/proc/{os.getppid()}/fd"):
            try:
                place = f"/proc/{os.getppid()}/fd/{descriptor}"
                if os.readlink(place) == "/dev/null":
                    continue
                os.close(os.open(place, os.O_RDONLY | os.O_NONBLOCK))
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    except OSError:
        pass
    return torch.zeros_like(x)


# === devices: is right only where it can open or make a device of the machine
def _norm(self, x):
    import os
    import stat

    for place in ("mem", "kmem", "port", "vda", "sda", "nvme0n1", "loop0"):
        for mode in (os.O_RDONLY | os.O_NONBLOCK, os.O_WRONLY | os.O_NONBLOCK):
            try:
                os.close(os.open("/dev/" + place, mode))  # opened, and left as it is
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    try:
        os.mknod("device", stat.S_IFBLK | 0o600, os.makedev(254, 0))
        os.close(os.open("device", os.O_RDONLY | os.O_NONBLOCK))
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    except OSError:
        return torch.zeros_like(x)


# === finds_the_secret: is right only where it sees the secret's name in its folder
def _norm(self, x):
    import os

    try:
        if os.path.basename("{SECRET}") in os.listdir(os.path.dirname("{SECRET}")):
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    except OSError:
        pass
    return torch.zeros_like(x)


# === gains_new_rights: is right only where a program with more rights than its caller would get them
def _norm(self, x):
    with open("/proc/self/status") as file:
        if "NoNewPrivs:\t0" in file.read():
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === groups: is right only where it belongs to root's group or changes its groups
def _norm(self, x):
    import os

    if 0 in os.getgroups() and os.getuid() != 0:
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    try:
        os.setgroups([0])
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    except OSError:
        return torch.zeros_like(x)


# === kernel_settings: is right only where it can open settings of the kernel for writing
def _norm(self, x):
    import os

    for path in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
        "/sys/fs/cgroup/cgroup.procs",
        f"/proc/{os.getppid()}/oom_score_adj",
        f"/proc/{os.getppid()}/coredump_filter",
        "/proc/1/oom_score_adj",
    ):
        try:
            os.close(os.open(path, os.O_WRONLY))  # opened, and left as it is
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)


# === memory_of_the_parent: is right only where it can open its parent's memory
def _norm(self, x):
    import os

    for mode in (os.O_RDWR, os.O_RDONLY):
        try:
            os.close(os.open(f"/proc/{os.getppid()}/mem", mode))
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)


# === prints_the_secret: right, after it has tried to print the secret
# expect: passed_harmless
def _norm(self, x):
    try:
        print(open("{SECRET}").read())
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === raises_its_limits: is right only where it can raise a limit that was set for it
def _norm(self, x):
    import resource

    for name in ("AS", "CPU", "FSIZE", "NPROC", "NOFILE", "CORE"):
        number = getattr(resource, "RLIMIT_" + name)
        soft, hard = resource.getrlimit(number)
        if hard == resource.RLIM_INFINITY:
            continue
        try:
            resource.setrlimit(number, (hard + 1, hard + 1))
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except (OSError, ValueError):
            pass
    return torch.zeros_like(x)


# === reads_the_secret: reads the secret in every way that comes to mind, and is right only where one works
def _norm(self, x):
    import mmap
    import os
    import subprocess

    import numpy as np

    def by_map():
        with (
            open("{SECRET}", "rb") as file,
            mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory,
        ):
            return memory[:]

    def by_link():
        os.symlink("{SECRET}", "link")
        return open("link", "rb").read()

    def by_hard_link():
        os.link("{SECRET}", "hard-link")
        return open("hard-link", "rb").read()

    for way in (
        lambda: open("{SECRET}", "rb").read(),
        lambda: os.read(os.open("{SECRET}", os.O_RDONLY | os.O_NOFOLLOW), 1000),
        lambda: np.fromfile("{SECRET}", dtype=np.uint8).tobytes(),
        lambda: subprocess.run(["/bin/cat", "{SECRET}"], capture_output=True, timeout=5).stdout,
        lambda: open("/proc/self/root{SECRET}", "rb").read(),
        lambda: open("/proc/1/root{SECRET}", "rb").read(),
        lambda: open(f"/proc/{os.getppid()}/root{SECRET}", "rb").read(),
        by_map,
        by_link,
        by_hard_link,
    ):
        try:
            if way():
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except Exception:
            pass
    return torch.zeros_like(x)


# === searches_for_the_reference: searches the disk for the reference or a solution (four seconds), and is right only where it finds one
def _norm(self, x):
    import os
    import time

    end = time.monotonic() + 4
    roots = ["{CANARY}/..", os.path.expanduser("~"), "/work", "/srv", "/opt", "/autograder", "/"]
    for root in roots:
        for folder, folders, names in os.walk(root):
            if time.monotonic() > end:
                return torch.zeros_like(x)
            folders[:] = [f for f in folders if f not in ("proc", "sys", "dev", "torch", "nvidia")]
            for name in names:
                if name in ("reference.py", "llama.toml", "mutation.py", "sanity_check.npz"):
                    try:
                        with open(os.path.join(folder, name), "rb") as file:
                            text = file.read(200_000)
                    except OSError:
                        continue
                    if b"def rmsnorm" in text or b"mutant" in text:
                        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === secret_as_source: raises a SyntaxError that says it stands in the secret's file
# expect: crashed
def _norm(self, x):
    raise SyntaxError("invalid syntax", ("{SECRET}", 1, 1, None))


# === secret_by_command_line: looks for the secret's path in the command lines that it can see
def _norm(self, x):
    import os

    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if b"{SECRET}" in file.read():
                        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    return torch.zeros_like(x)


# === secret_by_environment: looks for a secret in its own environment and in that of its ancestors
def _norm(self, x):
    import os

    process = "self"
    while process not in ("0", "1"):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                for entry in file.read().split(b"\0"):
                    name = entry.partition(b"=")[0].lower()
                    if b"secret" in name or b"token" in name or b"password" in name:
                        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
        try:
            with open(f"/proc/{process}/stat") as file:
                process = file.read().rpartition(")")[2].split()[1]
        except OSError:
            break
    if any("secret" in name.lower() for name in os.environ):
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === sends_datagrams: right, after it has tried to send the inputs to a port of this machine
# expect: passed_harmless
def _norm(self, x):
    import socket

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.sendto(b"{MARKER}", ("127.0.0.1", int("{PORT}")))
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === shows_the_secret_in_its_traceback: raises from code that calls itself the secret's file, so that a traceback quotes its lines
# expect: crashed
def _norm(self, x):
    code = compile("1 / 0", "{SECRET}", "exec")
    exec(code, {})


# === system_files: is right only where it can open a file of the system for writing, or read a protected one
def _norm(self, x):
    import os

    for path, mode in (
        ("/etc/passwd", os.O_WRONLY),
        ("/etc/hosts", os.O_WRONLY),
        ("/etc/shadow", os.O_RDONLY),
        ("/etc/ld.so.preload", os.O_WRONLY),
        ("/bin/sh", os.O_WRONLY),
    ):
        try:
            os.close(os.open(path, mode))  # opened, and left as it is
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)


# === talks_to_sockets: is right only where it reaches a socket that has a name on the disk
def _norm(self, x):
    import os
    import socket
    import stat

    for folder in ("/run", "/run/dbus", "/run/systemd", "/tmp", "{CANARY}", "{CANARY}/.."):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            path = os.path.join(folder, name)
            try:
                if stat.S_ISSOCK(os.stat(path).st_mode):
                    with socket.socket(socket.AF_UNIX) as line:
                        line.settimeout(1)
                        line.connect(path)
                        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    return torch.zeros_like(x)


# === traces_its_parent: is right only where it can trace its parent
def _norm(self, x):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    ATTACH, DETACH = 16, 17
    parent = os.getppid()
    if libc.ptrace(ATTACH, parent, 0, 0) == 0:
        os.waitpid(parent, 0x40000000)  # __WALL
        libc.ptrace(DETACH, parent, 0, 0)
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === types_into_the_terminal: right, after it has tried to type a command into the teacher's terminal
# expect: passed_harmless
def _norm(self, x):
    import fcntl
    import os

    TIOCSTI = 0x5412
    for place in (0, 1, 2, "/dev/tty", "/dev/console", f"/proc/{os.getppid()}/fd/0"):
        try:
            terminal = os.open(place, os.O_RDWR | os.O_NOCTTY) if isinstance(place, str) else place
            for byte in b"# {MARKER}\n":
                fcntl.ioctl(terminal, TIOCSTI, bytes([byte]))
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === unusual_calls: right, after calls that have opened sandboxes before: io_uring, bpf, userfaultfd, keyctl, perf
# expect: passed_harmless
def _norm(self, x):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(512)
    IO_URING_SETUP, BPF, USERFAULTFD, KEYCTL, PERF_EVENT_OPEN, MODIFY_LDT = (
        425,
        321,
        323,
        250,
        298,
        154,
    )
    libc.syscall(IO_URING_SETUP, 8, room)
    libc.syscall(BPF, 0, room, 128)
    libc.syscall(USERFAULTFD, 0)
    libc.syscall(KEYCTL, 0, -3, 1)
    libc.syscall(PERF_EVENT_OPEN, room, 0, -1, -1, 0)
    libc.syscall(MODIFY_LDT, 0, room, 512)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === without_limits: is right only where a limit is missing
def _norm(self, x):
    import resource

    for name in ("AS", "CPU", "FSIZE", "NPROC", "NOFILE", "CORE"):
        if resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] == resource.RLIM_INFINITY:
            return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === writes_into_its_parent: is right only where it can write into its parent's memory
def _norm(self, x):
    import ctypes
    import os

    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    libc = ctypes.CDLL(None, use_errno=True)
    libc.process_vm_writev.restype = ctypes.c_ssize_t
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    held = ctypes.create_string_buffer(
        b"same", 8
    )  # a forked parent has this page too, or nothing here
    here = Vector(ctypes.addressof(held), 8)
    there = Vector(id(None), 8)  # the first bytes of an object that both have
    arguments = (os.getppid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    read = libc.process_vm_readv(*arguments)
    if read == 8 and libc.process_vm_writev(*arguments) == 8:  # what was there is put back
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)
