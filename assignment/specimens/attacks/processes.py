"""Attacks by processes: children, sessions, sweeps that miss one, signals to other processes.

`assignment/specimens/__init__.py` has the format.
"""


# === alarm_left_running: right, and has its process killed by a timer half a minute later
# expect: passed_harmless
def _norm(self, x):
    import signal

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 30)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === becomes_a_session: lets a child in a session of its own do the looping, and waits for it
# expect: timeout
def _norm(self, x):
    import os
    import time

    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            import ctypes

            ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
            time.sleep(120)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === burning_children: lets children use the processor, each within a limit of its own
# expect: timeout
def _norm(self, x):
    import os
    import time

    for _ in range(4):
        try:
            if os.fork() == 0:
                try:
                    import ctypes

                    ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                    end = time.monotonic() + 60
                    while time.monotonic() < end:
                        pass
                finally:
                    os._exit(0)
        except OSError:
            break
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === daemon: right, and leaves a process in a session of its own
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                code = "import time; time.sleep(120)"
                os.execv(sys.executable, [sys.executable, "-c", code, "{MARKER}"])
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === daemon_and_exit: leaves a process in a session of its own, and exits before it could be swept
# expect: crashed
def _norm(self, x):
    import os
    import time

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                import ctypes

                ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                time.sleep(120)
        finally:
            os._exit(0)
    os._exit(0)


# === daemon_and_loop: leaves a process in a session of its own, and loops
# expect: timeout
def _norm(self, x):
    import os
    import time

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                import ctypes

                ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                time.sleep(120)
        finally:
            os._exit(0)
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === daemon_by_fork_alone: right, and leaves a process that keeps every descriptor open, the pipe of the results too
# expect: passed_harmless
def _norm(self, x):
    import os
    import signal
    import time

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                import ctypes

                ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(120)
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === fork_bomb: doubles its processes until nothing more can be started (at most 512, for a minute)
# expect: timeout
def _norm(self, x):
    import os
    import time

    import ctypes

    ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
    for _ in range(9):
        try:
            os.fork()
        except OSError:
            pass
    time.sleep(60)
    os._exit(0)


# === fork_storm: forks from every process without pause or bound
# expect: timeout
def _norm(self, x):
    import os
    import time

    end = time.monotonic() + 20
    if "{ARMED}" == "yes":  # would bring a machine down that limits nothing
        import ctypes

        ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
        while time.monotonic() < end:
            try:
                os.fork()
            except OSError:
                pass
    time.sleep(60)
    os._exit(0)


# === hydra: right, and leaves a process that replaces itself ten times a second, each under a new number and session
# expect: passed_harmless
def _norm(self, x):
    import os
    import time

    if os.fork() == 0:
        try:
            import ctypes

            ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
            end = time.monotonic() + 60
            while time.monotonic() < end:
                os.setsid()
                time.sleep(0.1)
                if os.fork():
                    os._exit(0)
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === interrupts_its_parent: sends its parent what Ctrl-C sends, and every other signal that ends a process quietly
def _norm(self, x):
    import os
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM):
        try:
            os.kill(os.getppid(), number)
        except OSError:
            pass
    return torch.zeros_like(x)


# === joins_another_group: moves to its parent's process group, where a sweep of its own group misses it, and loops
# expect: timeout
def _norm(self, x):
    import os
    import time

    try:
        os.setpgid(0, os.getpgid(os.getppid()))
    except OSError:
        pass
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === kills_everyone: kills every process that it may kill
def _norm(self, x):
    import os
    import signal

    if "{ARMED}" == "yes":  # would end everything that this user runs on a machine
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
    return torch.zeros_like(x)


# === kills_its_ancestors: kills parent, grandparent and so on up to the first process
def _norm(self, x):
    import os
    import signal

    process = os.getppid()
    while "{ARMED}" == "yes" and process > 1:
        try:
            with open(f"/proc/{process}/stat") as file:
                above = int(file.read().rpartition(")")[2].split()[1])
            os.kill(process, signal.SIGKILL)
        except OSError:
            break
        process = above
    return torch.zeros_like(x)


# === kills_its_group: kills its process group
# expect: crashed
def _norm(self, x):
    import os
    import signal

    os.killpg(0, signal.SIGKILL)


# === kills_its_parent: kills the process that started it
def _norm(self, x):
    import os
    import signal

    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except OSError:
        pass
    return torch.zeros_like(x)


# === kills_other_workers: kills every other process that was started by its own parent
def _norm(self, x):
    import os
    import signal

    for name in os.listdir("/proc") if "{ARMED}" == "yes" else ():
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            if parent == os.getppid():
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue
    return torch.zeros_like(x)


# === process_settings: right, after it has undone what holds a process to its parent
# expect: passed_harmless
def _norm(self, x):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    PDEATHSIG, DUMPABLE, CHILD_SUBREAPER, PTRACER = 1, 4, 36, 0x59616D61
    libc.prctl(PDEATHSIG, 0, 0, 0, 0)
    libc.prctl(DUMPABLE, 1, 0, 0, 0)
    libc.prctl(CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PTRACER, -1, 0, 0, 0)
    try:
        os.setpgid(0, 0)
        os.setsid()
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === returns_in_the_child: forks and exits; the child goes on and hands in the result
def _norm(self, x):
    import os

    if os.fork():
        os._exit(1)
    return torch.zeros_like(x)


# === returns_twice: forks, so that two processes hand in results
def _norm(self, x):
    import os

    os.fork()
    return torch.zeros_like(x)


# === starts_workers: right, with the help of a multiprocessing pool that it does not close
# expect: passed_harmless
def _norm(self, x):
    import multiprocessing

    try:
        pool = multiprocessing.get_context("fork").Pool(2)
        pool.map_async(abs, range(10))
    except (OSError, ValueError):
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === stops_its_parent: stops the process that started it, which then waits for ever
def _norm(self, x):
    import os
    import signal

    try:
        os.kill(os.getppid(), signal.SIGSTOP)
    except OSError:
        pass
    return torch.zeros_like(x)


# === stops_itself: stops its own process, which only a SIGKILL ends
# expect: timeout
def _norm(self, x):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSTOP)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === subprocess_daemon: right, and leaves a process started by the subprocess module
# expect: passed_harmless
def _norm(self, x):
    import subprocess
    import sys

    try:
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(120)", "{MARKER}"],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === thread_bomb: starts threads until nothing more can be started (at most 20,000)
# expect: timeout
def _norm(self, x):
    import threading
    import time

    for _ in range(20_000):
        try:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except BaseException:
            break
    time.sleep(60)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === thread_stays_behind: right, and leaves a thread that keeps the process from ending
# expect: passed_harmless
def _norm(self, x):
    import threading
    import time

    threading.Thread(target=time.sleep, args=(120,), daemon=False).start()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === zombies: right, and leaves a few hundred dead children that nobody waits for
# expect: passed_harmless
def _norm(self, x):
    import os

    for _ in range(300):
        try:
            if os.fork() == 0:
                os._exit(0)
        except OSError:
            break
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
