"""Attacks on resources: time, memory, output and open files without end.

`assignment/specimens/__init__.py` has the format.
"""


# === alarm_switched_off: switches off whatever timer would end it from inside, then loops
# expect: timeout
def _norm(self, x):
    import signal
    import time

    signal.alarm(0)
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === all_descriptors: right, after it has opened files until no more can be opened
# expect: passed_harmless
def _norm(self, x):
    import os

    kept = []
    try:
        for _ in range(100_000):
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for descriptor in kept[-20:]:
        os.close(descriptor)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === blocked_signals: blocks all signals and sleeps in C
# expect: timeout
def _norm(self, x):
    import signal
    import time

    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === clock: sets the clocks of Python forward and back, for a watch that believes them, and loops
# expect: timeout
def _norm(self, x):
    import time

    begin = time.monotonic
    end = begin() + 300
    loop = lambda: begin() < end
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    while loop():
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === closes_descriptors: closes every descriptor, its results' pipe included
def _norm(self, x):
    import os

    os.closerange(0, 256)
    return torch.zeros_like(x)


# === closes_the_standard_ones: right, and closes standard input, output and error
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    for descriptor in range(3):
        try:
            os.close(descriptor)
        except OSError:
            pass
    sys.stdout = sys.stderr = None
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === collector: right, and lets the garbage collector call it for ever after
# expect: passed_harmless
def _norm(self, x):
    import gc

    gc.set_threshold(1)
    gc.callbacks.append(lambda phase, info: None)
    gc.freeze()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === deadlock: takes a lock twice
# expect: timeout
def _norm(self, x):
    import threading

    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === endless_loop: never returns
# expect: timeout
def _norm(self, x):
    while True:
        pass


# === endless_regex: a regular expression that backtracks for years, in C, holding the interpreter's lock
# expect: timeout
def _norm(self, x):
    import re

    re.match(r"(a+)+$", "a" * 64 + "b")
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === endless_sum_in_c: adds for years in one call of C
# expect: timeout
def _norm(self, x):
    sum(range(10**15))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === floods_descriptors: writes 100 MB to every descriptor but the standard ones
def _norm(self, x):
    import os

    for descriptor in range(3, 256):
        try:
            for _ in range(100):
                os.write(descriptor, b"\0" * 1_000_000)
        except OSError:
            pass
    return torch.zeros_like(x)


# === floods_errors: right, and writes 1 GB to standard error, without an end of line
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    block = b"x" * 1_000_000
    rounds, sys.flood = getattr(sys, "flood", 1000), 0  # the first time only
    for _ in range(rounds):
        try:
            os.write(2, block)
        except OSError:
            break
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === floods_output: right, and prints 1 GB
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    block = b"x" * 1_000_000
    rounds, sys.flood = getattr(sys, "flood", 1000), 0  # the first time only
    for _ in range(rounds):
        try:
            os.write(1, block)
        except OSError:
            break
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === floods_output_without_end: prints without end
# expect: timeout
def _norm(self, x):
    import sys
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            print("y" * 1000)
        except (OSError, ValueError):
            sys.stdout = None


# === handled_signals: answers SIGTERM, SIGALRM, SIGXCPU and SIGINT with a shrug
# expect: timeout
def _norm(self, x):
    import signal
    import time

    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        sum(range(10_000))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === huge_bytes: a terabyte of bytes
# expect: memory
def _norm(self, x):
    bytearray(2**40)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === huge_length_first: writes numbers to its pipes that a reader could take for the length of a message of exabytes
def _norm(self, x):
    import os
    import struct

    for descriptor in range(3, 256):
        for data in (b"\xff" * 8, struct.pack(">I", 2**31), struct.pack("<Q", 2**60), b"-1\n"):
            try:
                os.write(descriptor, data)
            except OSError:
                break
    os._exit(0)


# === huge_number_of_bits: an integer of a hundred billion digits
# expect: memory
def _norm(self, x):
    1 << (2**39)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === huge_tensor: a tensor of a terabyte
# expect: memory
def _norm(self, x):
    torch.ones(2**38).sum()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === ignored_signals: ignores every signal that can be ignored, then keeps the processor busy
# expect: timeout
def _norm(self, x):
    import signal
    import time

    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError, RuntimeError):
            pass
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === large_file: right, after it has tried to write a file of 1 GB into its own folder
# expect: passed_harmless
def _norm(self, x):
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("large.bin", "wb") as file:
            for _ in range(1000):
                file.write(b"x" * 1_000_000)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === large_file_kills: takes SIGXFSZ as it comes when its file grows too large, and gives up if nothing stops it
# expect: crashed
def _norm(self, x):
    import os
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with open("large.bin", "wb") as file:
        for _ in range(1000):
            file.write(b"x" * 1_000_000)
    os._exit(1)


# === list_growth: a list that grows until there is no room for it (12 GB at most)
# expect: memory
def _norm(self, x):
    hoard = []
    for _ in range(12_000):
        hoard.append(bytearray(b"x") * 1_000_000)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === long_sleep: sleeps, and uses no processor time that a limit could count
# expect: timeout
def _norm(self, x):
    import time

    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === many_files: right, after it has made 20,000 files in its own folder
# expect: passed_harmless
def _norm(self, x):
    try:
        for number in range(20_000):
            with open(f"file{number}", "w"):
                pass
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === many_small_objects: small objects until there is no room for them (12 GB at most)
# expect: memory
def _norm(self, x):
    hoard = []
    for number in range(24_000_000):
        hoard.append(str(number) * 60)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === memory_in_files_without_names: right, and writes 1 GB to files that live in memory and are not mapped
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    files, sys.files_in_memory = getattr(sys, "files_in_memory", 16), 0  # the first time only
    try:
        for number in range(files):
            descriptor = os.memfd_create(f"hoard{number}")
            for _ in range(64):
                os.write(descriptor, b"x" * 1_000_000)
    except (OSError, MemoryError):
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === memory_of_children: lets children fill memory, each within a limit of its own (2 GB at most)
# expect: timeout
def _norm(self, x):
    import os
    import time

    for _ in range(8):
        try:
            if os.fork() == 0:
                try:
                    import ctypes

                    ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                    hoard = bytearray(b"x") * 250_000_000
                    time.sleep(60)
                finally:
                    os._exit(0)
        except OSError:
            break
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === reads_standard_input: right, after it has read standard input to its end
# expect: passed_harmless
def _norm(self, x):
    import os
    import sys

    try:
        while os.read(0, 65536):
            pass
        sys.stdin.read()
    except (OSError, ValueError, AttributeError):
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === slow_destructor: right, and leaves an object whose destructor sleeps
# expect: passed_harmless
def _norm(self, x):
    import sys
    import time

    class Sleepy:
        def __del__(self):
            time.sleep(120)

    sys.left_behind = Sleepy()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === swallows_exceptions: catches every exception and goes on
# expect: timeout
def _norm(self, x):
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                sum(range(10_000))
        except BaseException:
            continue
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === swallows_memory_errors: asks for too much memory, is refused, and asks again
# expect: timeout
def _norm(self, x):
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            bytearray(2**45)
        except BaseException:
            continue
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === tensor_growth: a tensor that is joined with itself until there is no room for it (12 GB at most)
# expect: memory
def _norm(self, x):
    hoard = torch.ones(1024)
    while hoard.numel() < 2**31:
        hoard = torch.cat((hoard, hoard))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === fills_the_disk: writes file after file, each of a size that is allowed
# expect: crashed
def _norm(self, x):
    import itertools

    block = bytes(2**20)
    for number in itertools.count():
        with open(f"{MARKER}-{number}", "wb") as file:
            file.write(block)


# === fills_the_disk_with_names: makes folder after folder, empty, in one another and side by side
# expect: crashed
def _norm(self, x):
    import itertools
    import os

    for number in itertools.count():
        os.makedirs(f"{MARKER}/{number % 20}/{number}")
