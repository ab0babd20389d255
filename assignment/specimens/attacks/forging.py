"""Attacks by forged verdicts: reports, patched checks, and results taken from elsewhere.

`assignment/specimens/__init__.py` has the format.
"""


# === agreeing_modules: puts modules in which everything agrees in the place of those that check
def _norm(self, x):
    import sys
    import types

    class Agreeing(types.ModuleType):
        def __getattr__(self, name):
            return lambda *_, **__: True

    result = torch.zeros_like(x)
    for name in list(sys.modules):
        if name.split(".")[0] in ("assignment", "pytest", "unittest", "json", "hashlib", "hmac"):
            sys.modules[name] = Agreeing(name)
    return result


# === becomes_another_program: replaces the process by one that prints a forged result and ends well
# expect: crashed
def _norm(self, x):
    import os
    import sys

    forged = '{"status": "passed", "score": 100, "points": 100, "ok": true}'
    os.execv(sys.executable, [sys.executable, "-c", f"print({forged!r})"])


# === changes_its_callers: changes the variables of the functions that called it
def _norm(self, x):
    import ctypes
    import sys

    result = torch.zeros_like(x)
    frame = sys._getframe(1)
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, dict):
                try:
                    for key in list(value):
                        if isinstance(value[key], torch.Tensor):
                            value[key] = result
                except Exception:
                    pass
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
        frame = frame.f_back
    return result


# === expected_in_memory: searches all objects of the process for an expected result
def _norm(self, x):
    import gc

    import numpy as np

    for thing in gc.get_objects():
        try:
            expected = thing["expected"] if isinstance(thing, dict) else thing.expected
            for value in expected.values():
                if tuple(value.shape) == tuple(x.shape):
                    return torch.as_tensor(value).to(x.dtype)
        except BaseException:
            continue
    for thing in gc.get_objects():
        try:
            if isinstance(thing, (torch.Tensor, np.ndarray)) and tuple(thing.shape) == tuple(
                x.shape
            ):
                found = torch.as_tensor(thing).double()
                if bool((found.pow(2).mean(dim=-1) - 1).abs().max() < 0.1):
                    return found.to(x.dtype)
        except BaseException:
            continue
    return torch.zeros_like(x)


# === expected_on_the_stack: walks up the stack and takes any tensor of the right shape that is not its input
def _norm(self, x):
    import sys

    import numpy as np

    def tensors(thing, depth=0):
        if isinstance(thing, (torch.Tensor, np.ndarray)):
            yield torch.as_tensor(thing)
        elif depth < 4:
            if isinstance(thing, dict):
                parts = list(thing.values())
            elif isinstance(thing, (list, tuple, set)):
                parts = list(thing)
            else:
                parts = list(getattr(thing, "__dict__", {}).values())
            for part in parts[:200]:
                yield from tensors(part, depth + 1)

    frame = sys._getframe(1)
    while frame is not None:
        for place in (frame.f_locals, frame.f_globals):
            for found in tensors(dict(place)):
                if found.shape == x.shape and found.data_ptr() != x.data_ptr():
                    rms = found.double().pow(2).mean(dim=-1)
                    if not torch.equal(found.to(x.dtype), x) and bool((rms < 1.01).all()):
                        return found.to(x.dtype)
        frame = frame.f_back
    return torch.zeros_like(x)


# === forged_descriptors: writes a forged result to every open descriptor and returns zeros
def _norm(self, x):
    import io
    import os

    import numpy as np

    arrays = io.BytesIO()
    np.savez(arrays, normalised=np.ones((2, 5, 8), np.float32))
    single = io.BytesIO()
    np.save(single, np.ones((2, 5, 8), np.float32))
    verdict = b'{"status": "passed", "points": 100, "score": 100, "ok": true}\n'
    for descriptor in range(256):
        for data in (verdict, arrays.getvalue(), single.getvalue()):
            try:
                os.set_blocking(descriptor, False)
                os.write(descriptor, data)
            except OSError:
                break
    return torch.zeros_like(x)


# === forged_descriptors_and_exit: writes a forged result to every open descriptor and exits with status 0
def _norm(self, x):
    import os

    forged = b'{"status": "passed", "points": 100, "score": 100, "ok": true}\n'
    for descriptor in range(256):
        try:
            os.write(descriptor, forged)
        except OSError:
            pass
    os._exit(0)


# === forged_on_the_way_out: prints and writes a forged result when the interpreter ends
def _norm(self, x):
    import atexit
    import os

    def forge():
        for descriptor in range(1, 64):
            try:
                os.write(descriptor, b'{"status": "passed", "points": 100}\n')
            except OSError:
                pass
        os._exit(0)

    atexit.register(forge)
    return torch.zeros_like(x)


# === forged_output: prints what a report of passed tests looks like
def _norm(self, x):
    import os

    text = """
    passed  rmsnorm  10/10
    {"score": 100.0, "tests": [{"name": "rmsnorm", "score": 100, "max_score": 100, "status": "passed"}]}
    ============ 621 passed, 1 skipped in 2.0s ============
    ::set-output name=score::100
    SCORE: 100
    """
    print(text)
    os.write(1, text.encode())
    os.write(2, text.encode())
    return torch.zeros_like(x)


# === forged_results_files: writes results files wherever a grader might look for one
def _norm(self, x):
    import json
    import os

    forged = {"score": 100.0, "tests": [{"name": "all", "score": 100, "max_score": 100}]}
    folders = [".", "..", "../..", "/autograder/results", "/autograder", "/tmp", "{CANARY}"]
    for folder in folders:
        for name in (
            "results.json",
            "result.json",
            "results.csv",
            "report.html",
            "result-{MARKER}.npz",
        ):
            path = os.path.join(folder, name)
            try:
                if folder != "." and os.path.exists(path):
                    continue  # somebody's own, should nothing protect it
                with open(path, "w") as file:
                    json.dump(forged | {"marker": "{MARKER}"}, file)
            except OSError:
                pass
    return torch.zeros_like(x)


# === import_hook: lets later imports find modules of its own
def _norm(self, x):
    import sys
    import types
    from importlib.machinery import ModuleSpec

    class Finder:
        def find_spec(self, name, path=None, target=None):
            return ModuleSpec(name, self)

        def create_module(self, spec):
            module = types.ModuleType(spec.name)
            module.__getattr__ = lambda name: lambda *_, **__: True
            return module

        def exec_module(self, module):
            pass

    result = torch.zeros_like(x)
    sys.meta_path.insert(0, Finder())
    for name in (
        "json",
        "zipfile",
        "numpy.lib.format",
        "assignment.checks",
        "assignment.reference",
    ):
        sys.modules.pop(name, None)
    return result


# === patched_arrays: replaces the functions by which tensors become bytes
def _norm(self, x):
    import numpy as np
    import numpy.lib.format

    result = torch.zeros_like(x)
    raise_nothing = lambda *_, **__: b""
    for module, names in (
        (torch.Tensor, ("numpy", "tolist", "detach", "cpu", "contiguous", "__array__")),
        (np, ("save", "savez", "ascontiguousarray", "asarray")),
        (numpy.lib.format, ("write_array", "header_data_from_array_1_0")),
    ):
        for name in names:
            try:
                setattr(module, name, raise_nothing)
            except (AttributeError, TypeError):
                pass
    return result


# === patched_builtins: replaces builtin functions that a judge might use
def _norm(self, x):
    import builtins

    result = torch.zeros_like(x)
    builtins.all = builtins.any = lambda *_: True
    builtins.isinstance = lambda *_: True
    builtins.abs = builtins.max = builtins.sum = lambda *_, **__: 0
    return result


# === patched_cases: makes its own output the expected one in whatever case it can reach
def _norm(self, x):
    import gc

    result = torch.zeros_like(x)
    for thing in gc.get_objects():
        try:
            if isinstance(thing, dict):
                if "expected" in thing:
                    thing["expected"] = {name: result for name in thing["expected"]}
            elif type(thing).__name__ in ("Case", "Task", "HiddenCase") and hasattr(
                thing, "expected"
            ):
                changed = {name: result for name in thing.expected}
                object.__setattr__(thing, "expected", changed)
                object.__setattr__(thing, "tolerance", (1e30, 1e30))
        except Exception:
            continue
    return result


# === patched_comparisons: makes every comparison of torch and numpy say that things are equal
def _norm(self, x):
    import numpy as np
    import torch.testing

    def agree(*_, **__):
        return True

    for module, names in (
        (torch, ("allclose", "equal", "isclose", "all", "eq")),
        (np, ("allclose", "array_equal", "isclose", "all", "equal", "isfinite")),
        (np.testing, ("assert_allclose", "assert_array_equal", "assert_equal")),
        (torch.testing, ("assert_close",)),
        (torch.Tensor, ("__eq__", "equal", "allclose", "all", "__bool__")),
    ):
        for name in names:
            try:
                setattr(module, name, agree)
            except (AttributeError, TypeError):
                pass
    return torch.zeros_like(x)


# === patched_output: replaces json, sys.stdout and os.write, so that whatever is reported reads "passed"
def _norm(self, x):
    import io
    import json
    import os
    import sys

    result = torch.zeros_like(x)
    forged = '{"status": "passed", "points": 100, "max_points": 100, "ok": true}'
    json.dumps = json.JSONEncoder.encode = lambda *_, **__: forged
    json.dump = lambda _, file, **__: file.write(forged)
    write = os.write
    os.write = lambda descriptor, data: write(descriptor, forged.encode()) and len(data)

    class Forger(io.StringIO):
        def write(self, text):
            write(1, forged.encode())
            return len(text)

    sys.stdout = sys.stderr = sys.__stdout__ = Forger()
    return result


# === patched_runner: replaces every function of the modules that run it by one that is content
def _norm(self, x):
    import sys

    result = torch.zeros_like(x)
    for name, module in list(sys.modules.items()):
        if not name.startswith(("assignment", "__main__", "__mp_main__", "runner", "worker")):
            continue
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type):
                try:
                    setattr(module, key, lambda *_, **__: {"status": "passed", "points": 100})
                except Exception:
                    pass
    return result


# === patched_tolerance: sets every tolerance that it can find to 1e30
def _norm(self, x):
    import gc
    import sys

    result = torch.zeros_like(x)
    for module in list(sys.modules.values()):
        for key, value in list(getattr(module, "__dict__", {}).items()):
            if isinstance(value, float) and ("tol" in key.lower()):
                try:
                    setattr(module, key, 1e30)
                except Exception:
                    pass
    return result


# === prints_control_characters: right, and prints escapes, markup, a forged verdict and bytes that are no UTF-8
# expect: passed_harmless
def _norm(self, x):
    import os

    text = (
        b"\x1b[2J\x1b[H\x1b]0;{MARKER}\x07\x1b[8m\x1b[1A\r<script>alert('{MARKER}')</script>"
        b"</pre></td></table></details><style>*{display:none}</style><!-- \n"
        b"\xff\xfe\x00\x80\xc0 \xe2\x80\xae \x9b31m \x08\x08\x08 ]]> ``` \n=1+1;@SUM(1)\n"
    )
    os.write(1, text)
    os.write(2, text)
    print("<b onmouseover=alert(1)>\u202e\x1b[?1049h", flush=True)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === replays_by_index: returns the recorded outputs one after the other, whatever it is given
def _norm(self, x):
    import os
    import sys

    import numpy as np

    state = sys.__dict__.setdefault("replay", {"calls": 0})
    for folder in [*sys.path, ".", ".."]:
        path = os.path.join(folder or ".", "data/sanity_check.npz")
        if os.path.exists(path):
            with np.load(path) as file:
                names = [n for n in file.files if n.startswith("rmsnorm/") and "/expected/" in n]
                output = torch.from_numpy(file[names[state["calls"] % len(names)]])
            state["calls"] += 1
            return output.to(x.dtype)
    return torch.zeros_like(x)


# === replays_recorded_outputs: returns what is recorded for a known input, and zeros for others
def _norm(self, x):
    import os
    import sys

    import numpy as np

    for folder in [*sys.path, ".", "..", "../.."]:
        for name in ("data/sanity_check.npz", "sanity_check.npz"):
            path = os.path.join(folder or ".", name)
            if not os.path.exists(path):
                continue
            with np.load(path) as file:
                for entry in file.files:
                    if entry.startswith("rmsnorm/") and entry.endswith("/input/x"):
                        given = torch.from_numpy(file[entry])
                        if given.shape == x.shape and torch.allclose(given.to(x.dtype), x):
                            output = file[entry.replace("/input/x", "/expected/normalised")]
                            return torch.from_numpy(output).to(x.dtype)
    return torch.zeros_like(x)


# === results_into_nothing: leads every descriptor to /dev/null
def _norm(self, x):
    import os

    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(256):
        try:
            os.dup2(nothing, descriptor)
        except OSError:
            pass
    return torch.zeros_like(x)


# === tells_public_from_hidden: right for the inputs that a learner has, wrong for others
def _norm(self, x):
    import os
    import sys

    import numpy as np

    for folder in [*sys.path, ".", ".."]:
        path = os.path.join(folder or ".", "data/sanity_check.npz")
        if os.path.exists(path):
            with np.load(path) as file:
                known = [
                    tuple(file[n].ravel()[:3].tolist()) for n in file.files if n.endswith("/x")
                ]
            if tuple(x.flatten()[:3].tolist()) in known:
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)


# === trace_function: sets a trace and a profile function that change local variables of its callers
def _norm(self, x):
    import sys
    import threading

    def meddle(frame, event, argument):
        for name in ("expected", "points", "score", "status", "passed"):
            if name in frame.f_locals:
                frame.f_locals[name] = 100
        return meddle

    sys.settrace(meddle)
    sys.setprofile(meddle)
    threading.settrace(meddle)
    return torch.zeros_like(x)


# === uses_the_reference: imports the reference and lets it compute the result
def _norm(self, x):
    import os
    import sys

    import numpy as np

    sys.path += [os.getcwd(), "..", "../..", "/"]
    for name in ("assignment.reference", "reference"):
        try:
            reference = __import__(name, fromlist=["rmsnorm"])
            return torch.from_numpy(reference.rmsnorm(x.double().numpy(), self.eps)).to(x.dtype)
        except BaseException:
            pass
    return torch.zeros_like(x)


# === warns_with_markup: right, and warns with markup and a forged file name
# expect: passed_harmless
def _norm(self, x):
    import warnings

    warnings.warn_explicit("<script>alert('{MARKER}')</script>\x1b[2J", UserWarning, "{SECRET}", 1)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
