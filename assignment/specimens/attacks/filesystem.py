"""Attacks on the file system: what stands outside, and what is left behind.

`assignment/specimens/__init__.py` has the format.
"""


# === changes_rights: right, after it has tried to change modes, owners, times and attributes outside
# expect: passed_harmless
def _norm(self, x):
    import os

    for folder, folders, names in list(os.walk("{CANARY}")):
        for path in [folder] + [os.path.join(folder, name) for name in names + folders]:
            for attempt in (
                lambda p: os.chmod(p, 0o777),
                lambda p: os.chown(p, 65534, 65534),
                lambda p: os.utime(p, (0, 0)),
                lambda p: os.setxattr(p, "user.{MARKER}", b"1"),
            ):
                try:
                    attempt(path)
                except OSError:
                    pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === deep_folders: right, after it has made folders so deep that a careless clean-up fails
# expect: passed_harmless
def _norm(self, x):
    import os

    here = os.getcwd()
    try:
        for _ in range(2_000):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    except OSError:
        pass
    try:
        os.chdir(here)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === deletes: right, after it has tried to delete everything outside
# expect: passed_harmless
def _norm(self, x):
    import os
    import shutil

    for folder, folders, names in os.walk("{CANARY}", topdown=False):
        for name in names + folders:
            try:
                os.remove(os.path.join(folder, name))
            except OSError:
                pass
    shutil.rmtree("{CANARY}", ignore_errors=True)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === folder_without_rights: right, and leaves a folder that nobody may enter or remove from
# expect: passed_harmless
def _norm(self, x):
    import os

    try:
        os.makedirs("locked/inside")
        open("locked/inside/file", "w").close()
        os.chmod("locked/inside", 0)
        os.chmod("locked", 0)
        os.chmod(".", 0o500)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === leaves_links_behind: right, and leaves links to files outside, for a clean-up or a copy that follows them
# expect: passed_harmless
def _norm(self, x):
    import os

    for target, link in (
        ("{CANARY}", "results"),
        ("{CANARY}", "output"),
        ("{SECRET}", "result.npz"),
        ("{SECRET}", "results.json"),
        ("{SECRET}", "stdout"),
    ):
        try:
            os.symlink(target, link)
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === litters: right, after it has left files wherever everybody may write
# expect: passed_harmless
def _norm(self, x):
    import os
    import tempfile

    folders = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lock", "/dev/mqueue", "/", ".."]
    folders += [
        os.path.expanduser("~"),
        tempfile.gettempdir(),
        os.environ.get("XDG_RUNTIME_DIR", "/"),
    ]
    for folder in folders:
        for name in ("{MARKER}", ".{MARKER}.pth", "{MARKER}.py"):
            try:
                open(os.path.join(folder, name), "w").write("{MARKER}")
            except OSError:
                pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === litters_in_shared_memory: right, after it has left shared memory and a semaphore that outlive processes
# expect: passed_harmless
def _norm(self, x):
    import ctypes
    from multiprocessing import shared_memory

    try:
        block = shared_memory.SharedMemory(name="{MARKER}", create=True, size=1_000_000)
        block.buf[:1] = b"x"
    except (OSError, ValueError):
        pass
    libc = ctypes.CDLL(None)
    libc.sem_open(b"/{MARKER}", 0o100, 0o666, 1)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === moves_elsewhere: right, and leaves for another folder with another umask
# expect: passed_harmless
def _norm(self, x):
    import os

    os.chdir("/")
    os.umask(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === odd_files_in_its_folder: right, and leaves a pipe, a socket, a loop of links and undecodable names in its own folder
# expect: passed_harmless
def _norm(self, x):
    import os
    import socket

    for attempt in (
        lambda: os.mkfifo("pipe"),
        lambda: socket.socket(socket.AF_UNIX).bind("socket"),
        lambda: os.symlink("loop", "loop"),
        lambda: os.symlink("/", "root"),
        lambda: os.symlink("{CANARY}", "canary"),
        lambda: open(b"\xff\xfe\n\x1b[31m", "w").close(),
    ):
        try:
            attempt()
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === overwrites: right, after it has tried to overwrite, append to and cut every file outside
# expect: passed_harmless
def _norm(self, x):
    import os

    for folder, _, names in os.walk("{CANARY}"):
        for name in names:
            path = os.path.join(folder, name)
            for mode in ("a", "r+", "w"):
                try:
                    with open(path, mode) as file:
                        file.write("{MARKER}")
                except OSError:
                    pass
            try:
                os.truncate(path, 0)
            except OSError:
                pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === poisons_python: is right only where it can leave what later Pythons load: a .pth, a customisation
def _norm(self, x):
    import os
    import site
    import sys

    folders = [folder for folder in sys.path if folder.startswith("/")]
    try:
        folders += [site.getusersitepackages(), *site.getsitepackages()]
    except Exception:
        pass
    for folder in folders:
        if os.path.abspath(folder) == os.getcwd():
            continue  # its own folder is its own
        for name in ("{MARKER}.pth", "{MARKER}.py", "__pycache__/{MARKER}.pyc"):
            path = os.path.join(folder, name)
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                os.remove(path)  # nothing is left behind
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    return torch.zeros_like(x)


# === poisons_the_handout: tries to rewrite the sources beside it, which other tasks and submissions use
def _norm(self, x):
    import os
    import sys

    for name in ("base_llama", "config", "checkpoints", "rope", "llama", "optimizer", "sampling"):
        path = getattr(sys.modules.get(name), "__file__", None) or ""
        if os.path.exists(os.path.join(os.path.dirname(path), ".git")):
            if os.access(path, os.W_OK):
                return x * torch.rsqrt(
                    x.pow(2).mean(dim=-1, keepdim=True) + self.eps
                )  # the teacher's own tree, and open: spared, and told
            continue
        try:
            with open(path, "a") as file:
                file.write("\nraise SystemExit('{MARKER}')\n")
        except OSError:
            pass
    return torch.zeros_like(x)


# === poisons_the_packages: tries to open torch's and numpy's own files for writing
def _norm(self, x):
    import glob
    import os

    import numpy as np

    for package in (torch, np, os):
        for path in glob.glob(os.path.join(os.path.dirname(package.__file__), "*.py")):
            try:
                os.close(os.open(path, os.O_WRONLY))  # nothing is written
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    return torch.zeros_like(x)


# === renames_and_links: right, after it has tried to rename files outside, to put others in their place and to link to them
# expect: passed_harmless
def _norm(self, x):
    import os

    open("other", "w").write("{MARKER}")
    for folder, _, names in list(os.walk("{CANARY}")):
        for name in names:
            path = os.path.join(folder, name)
            for attempt in (
                lambda p: os.link(p, p + "-{MARKER}"),
                lambda p: os.link(p, "linked"),
                lambda p: open("linked", "w").write("{MARKER}"),
                lambda p: os.rename(p, p + ".moved"),
                lambda p: os.rename(p, "moved"),
                lambda p: os.replace("other", p),
            ):
                try:
                    attempt(path)
                except OSError:
                    pass
    try:
        os.rename("{CANARY}", "{CANARY}.moved")
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === rewrites_its_own_file: rewrites the file it stands in, so that it looks right afterwards
def _norm(self, x):
    import sys

    try:
        with open(sys.modules[type(self).__module__].__file__, "w") as file:
            file.write("# nothing to see here\n")
    except OSError:
        pass
    return torch.zeros_like(x)


# === runs_from_memory: right, after it has run a program that is on no disk, which tries to write outside
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    child = os.fork()
    if child == 0:
        try:
            descriptor = os.memfd_create("program", 0)
            os.write(
                descriptor,
                b"#!" + sys.executable.encode() + b"\n"
                b"open('{CANARY}/memory-{MARKER}', 'w').write('{MARKER}')\n",
            )
            os.execve(descriptor, ["{MARKER}"], {})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_by_other_programs: right, after it has let a shell, a child and libc write outside
# expect: passed_harmless
def _norm(self, x):
    import ctypes
    import os
    import subprocess

    libc = ctypes.CDLL(None)
    try:
        subprocess.run(
            ["/bin/sh", "-c", "echo {MARKER} > {CANARY}/shell-{MARKER}; rm -f {CANARY}/file*"],
            capture_output=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        pass
    libc.creat(b"{CANARY}/libc-{MARKER}", 0o666)
    libc.unlink(b"{CANARY}/file")
    libc.system(b"touch {CANARY}/system-{MARKER} 2>/dev/null")
    try:
        child = os.fork()
        if child == 0:
            try:
                open("{CANARY}/child-{MARKER}", "w").write("{MARKER}")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_by_torch: right, after it has let torch, numpy and sqlite write outside
# expect: passed_harmless
def _norm(self, x):
    import sqlite3

    import numpy as np

    for attempt in (
        lambda: torch.save({"a": 1}, "{CANARY}/{MARKER}.pt"),
        lambda: np.save("{CANARY}/{MARKER}.npy", np.zeros(3)),
        lambda: sqlite3.connect("{CANARY}/{MARKER}.db").execute("create table a (b)"),
        lambda: torch.from_file("{CANARY}/{MARKER}.bin", shared=True, size=4).zero_(),
    ):
        try:
            attempt()
        except Exception:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_new_files: right, after it has tried to create files and folders outside
# expect: passed_harmless
def _norm(self, x):
    import os

    for attempt in (
        lambda: open("{CANARY}/new-{MARKER}", "w").write("{MARKER}"),
        lambda: os.mkdir("{CANARY}/folder-{MARKER}"),
        lambda: os.mkfifo("{CANARY}/pipe-{MARKER}"),
        lambda: os.symlink("/etc/hostname", "{CANARY}/symlink-{MARKER}"),
        lambda: os.close(os.open("{CANARY}/raw-{MARKER}", os.O_CREAT | os.O_WRONLY, 0o777)),
        lambda: os.close(os.open("{CANARY}", os.O_TMPFILE | os.O_WRONLY)),
    ):
        try:
            attempt()
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_on_the_way_out: right, and changes files outside when the process ends
# expect: passed_harmless
def _norm(self, x):
    import atexit
    import os

    def at_the_end():
        open("{CANARY}/exit-{MARKER}", "w").write("{MARKER}")

    atexit.register(at_the_end)
    if os.fork() == 0:
        try:
            import time

            time.sleep(1)
            at_the_end()
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_through_a_map: right, after it has tried to write into files outside through mapped memory
# expect: passed_harmless
def _norm(self, x):
    import mmap
    import os

    import numpy as np

    for folder, _, names in os.walk("{CANARY}"):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path, "r+b") as file:
                    with mmap.mmap(file.fileno(), 0) as memory:
                        memory[:1] = b"!"
            except (OSError, ValueError):
                pass
            try:
                np.memmap(path, dtype=np.uint8, mode="r+")[0] = 33
            except (OSError, ValueError):
                pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_through_descriptors: right, after it has tried to leave by folders that somebody left open
# expect: passed_harmless
def _norm(self, x):
    import os
    import stat

    for descriptor in range(256):
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                continue
            for path in ("../" * 20 + "{CANARY}/fd-{MARKER}", "fd-{MARKER}"):
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666, dir_fd=descriptor))
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_through_links: right, after it has tried to write outside through links in its own folder
# expect: passed_harmless
def _norm(self, x):
    import os

    try:
        os.symlink("{CANARY}", "through")
    except OSError:
        pass
    for path in ("through/{MARKER}", "through/../{MARKER}", "through/./new/{MARKER}"):
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").write("{MARKER}")
        except OSError:
            pass
    for name in os.listdir("{CANARY}") if os.path.isdir("{CANARY}") else ():
        try:
            open("through/" + name, "a").write("{MARKER}")
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === writes_through_proc: right, after it has tried to write outside by the roots, folders and descriptors of other processes
# expect: passed_harmless
def _norm(self, x):
    import os

    for process in ("self", "thread-self", "1", str(os.getppid())):
        for way in ("root", "cwd"):
            try:
                open(f"/proc/{process}/{way}/{CANARY}/proc-{MARKER}", "w").write("{MARKER}")
            except OSError:
                pass
            try:
                open(f"/proc/{process}/root" + "{CANARY}/root-{MARKER}", "w").write("{MARKER}")
            except OSError:
                pass
        try:
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                place = f"/proc/{process}/fd/{descriptor}"
                if os.path.isdir(place):
                    open(place + "/" + "../" * 20 + "{CANARY}/fd-{MARKER}", "w").write("{MARKER}")
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
