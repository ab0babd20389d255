"""Any object can log, and any method be watched while it runs; both on Python's own `logging`.

>>> @can_log
... class Kettle:
...     def boil(self, litres):
...         self.debug("%s litres are in it", litres)
...         return 420 * litres
>>> set_up("INFO", sys.stdout)
>>> Kettle().boil(2)  # says nothing: a debug message, below INFO
840
>>> with debug(Kettle.boil):
...     kilojoules = Kettle().boil(2)  # doctest: +ELLIPSIS
2...:DEBUG:Kettle: > boil(2)
2...:DEBUG:Kettle: 2 litres are in it
2...:DEBUG:Kettle: < boil: 840, ... ms
"""

from __future__ import annotations

import functools
import inspect
import logging
import reprlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from types import FrameType, FunctionType, MethodType
from typing import Any, NamedTuple, TextIO, TypeVar

OURS = logging.getLogger("min-llama")  # the parent of all our loggers; no other is touched
WIDTH = 100  # characters of what an argument or a result is described by

Thing = TypeVar("Thing")


class CanLog:
    """What `can_log` gives; to inherit from where a type checker has to know of it.

    A message and its arguments meet as `logging` does it: by %, and only if the message is emitted,
    which no f-string can do. Options are `logging`'s as well: `exc_info=True`, `extra`.
    """

    __slots__ = ()

    def debug(self, message: object, *arguments: object, **options: Any) -> None:
        _say(self, logging.DEBUG, message, arguments, options)

    def info(self, message: object, *arguments: object, **options: Any) -> None:
        _say(self, logging.INFO, message, arguments, options)

    def warning(self, message: object, *arguments: object, **options: Any) -> None:
        _say(self, logging.WARNING, message, arguments, options)

    def error(self, message: object, *arguments: object, **options: Any) -> None:
        _say(self, logging.ERROR, message, arguments, options)


def can_log(thing: Thing) -> Thing:
    """Give a class, or one instance alone, what `CanLog` has; at any time, whatever it inherits.

    An instance then refers to itself, so that only the garbage collector frees it.

    Raises:
        ValueError: one of the names means something else there, or the instance has no room.
    """
    kind: type = thing if isinstance(thing, type) else type(thing)
    methods = {name: method for name, method in vars(CanLog).items() if name[0] != "_"}
    for name, method in methods.items():
        there = inspect.getattr_static(thing, name, method)
        if getattr(there, "func", there) is not method:
            raise ValueError(f"can_log: {kind.__name__} has another {name}, which this would hide")
    for name, method in methods.items():
        if inspect.getattr_static(kind, name, None) is method:
            continue  # its class can log already
        if thing is kind:
            setattr(kind, name, method)
            continue
        try:  # past a frozen dataclass's own __setattr__; a bound method could not be pickled
            object.__setattr__(thing, name, functools.partial(method, thing))
        except AttributeError:
            raise ValueError(
                f"can_log: an instance of {kind.__name__} has no room for attributes (slots); give "
                f"its class: can_log({kind.__name__})"
            ) from None
    return thing


class _Lines(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix(f"{OURS.name}.")
        return f"{self.formatTime(record)}:{record.levelname}:{name}: {record.message}"


def set_up(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Write lines `time:level:class: message` to a stream, standard error without one.

    Called again, it changes level and stream; no line comes twice, whoever else listens.
    """
    OURS.setLevel(level)
    for before in [known for known in OURS.handlers if isinstance(known.formatter, _Lines)]:
        OURS.removeHandler(before)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines())
    OURS.addHandler(handler)
    OURS.propagate = False


_logger = functools.cache(OURS.getChild)  # by the name of a class


def _say(
    thing: object, level: int, message: object, arguments: tuple, options: dict[str, Any]
) -> None:
    logger = _logger(type(thing).__name__)
    if logger.isEnabledFor(level) or (_stack and _may_say(thing, sys._getframe(2))):
        # _log asks for no level; the third frame is whoever called debug(), which called this
        logger._log(level, message, arguments, stacklevel=3, **options)


def _may_say(thing: object, caller: FrameType) -> bool:
    """Whether a class is watched all of whose messages come, or the code that sends this one."""
    place = f"{caller.f_globals.get('__name__')}:{caller.f_code.co_qualname}."
    return debugging(type(thing)) or _is_watched(thing, place)


class _Target(NamedTuple):
    given: Any
    methods: set[tuple[type, str]]  # whose calls are told
    thing: Any  # of this one alone, or ANY
    places: tuple[str, ...]  # how those of the code begin


ANY = object()
_stack: list[list[_Target]] = []
_wrapped: dict[tuple[type, str], tuple[Any, Any]] = {}  # what stood in the class, and what does now


class _Here(threading.local):
    depth = 0  # of the calls that are told
    describes = False


_here = _Here()


@contextmanager
def debug(*targets: Any) -> Iterator[None]:
    """Watch targets for the time of a `with`: `push` them, and take just these off at its end."""
    push(*targets)
    ours = _stack[-1]
    try:
        yield
    finally:
        _stack[:] = [others for others in _stack if others is not ours]
        _wrap()


def push(*targets: Any) -> None:
    """Watch a set of targets from now on, until `pop`.

    A target is a class (its own code, in instances of subclasses too), one of its methods, an
    instance (what it inherits too, but for names that begin with _), a method of an instance, or a
    flag of one's own for `debugging`: anything that can be compared, or a set or dict of such.

    It need know nothing of this: a line tells that a call begins, and one that it ends, as in `with
    debug(llama.Attention.forward): model(tokens)`. If it can log, its messages come at every level.
    Of Python's own names (`__add__`) only `__init__` and `__call__` are told unless asked for.

    Raises:
        ValueError: a function is no method of a class that is written in Python.
    """
    _stack.append([_target(part) for given in targets for part in (given, *_parts(given))])
    if not OURS.hasHandlers():
        set_up(logging.WARNING)  # someone has to tell it, and nothing else
    _wrap()


def pop() -> None:
    """Take the topmost set off, and leave the rest; a ValueError where there is none."""
    if not _stack:
        raise ValueError("pop: nothing was pushed, or all of it has been taken off")
    _stack.pop()
    _wrap()


def debugging(flag: Any) -> bool:
    """Whether a flag of one's own is on.

    >>> with debug("shapes", {"steps": 3, "graph": False}):
    ...     debugging("shapes"), debugging("steps"), debugging("graph")
    (True, True, False)
    >>> debugging("shapes")
    False
    """
    given = (target.given for targets in _stack for target in targets)
    # `is True`: a tensor's == is many truths
    return any(flag is other or (flag == other) is True for other in given)


def _parts(given: Any) -> list[Any]:
    """The flags that a dict or set switches on."""
    if isinstance(given, dict):
        return [key for key, value in given.items() if value]
    return list(given) if isinstance(given, set | frozenset) else []


def _target(given: Any) -> _Target:
    if isinstance(given, type):
        held = {(given, name) for name in _methods(given)}
        return _Target(given, held, ANY, (_place(given),))
    if not inspect.isroutine(given) and not isinstance(given, property):
        kind = type(given)
        held = {(c, n) for c in kind.__mro__ for n in _methods(c) if c is kind or n[0] != "_"}
        return _Target(given, held, given, ("",))
    owner = getattr(given, "__self__", ANY)  # of a bound method; of a class method the class
    kind = owner if isinstance(owner, type) else type(owner)
    classes = _classes() if owner is ANY else kind.__mro__  # a function does not know its own
    function = _function(given)
    held = {(c, n) for c in classes for n, value in vars(c).items() if _function(value) is function}
    if not function or not held:
        raise ValueError(f"debug: {given!r} is no method of a class that is written in Python")
    return _Target(given, held, ANY if owner is kind else owner, tuple(_place(*m) for m in held))


def _classes(top: type = object) -> Iterator[type]:
    """All that there are."""
    yield top
    known: list[type] = type.__subclasses__(top)
    for cls in known:
        yield from _classes(cls)


def _methods(cls: type) -> list[str]:
    """The names under which a class itself holds methods, but for most of Python's own and ours."""
    known = {name for name, value in vars(cls).items() if _function(value)}
    ours = {name for name in known if vars(cls)[name] is vars(CanLog).get(name)}
    return [n for n in known - ours if n in ("__init__", "__call__") or not n.startswith("__")]


def _function(value: Any) -> FunctionType | None:
    """The function that was written, of what a class holds or gives out; None if it is none."""
    # No getattr of what is none of these: six's classes hold modules that it would import.
    wrapped = isinstance(value, staticmethod | classmethod | MethodType)
    inside = value.__func__ if wrapped else value
    return vars(inside).get("_told", inside) if isinstance(inside, FunctionType) else None


def _place(cls: type, *name: str) -> str:
    return ".".join((f"{cls.__module__}:{cls.__qualname__}", *name, ""))


def _wrap() -> None:
    """Let just those methods tell of their calls that are watched; put back what stood there."""
    wanted = {method for targets in _stack for target in targets for method in target.methods}
    for cls, name in _wrapped.keys() - wanted:
        before, ours = _wrapped.pop((cls, name))
        if vars(cls).get(name) is ours:  # nobody has replaced it since
            type.__setattr__(cls, name, before)
    for cls, name in wanted - _wrapped.keys():
        before = vars(cls)[name]
        _wrapped[cls, name] = before, _telling(cls, name, before)
        type.__setattr__(cls, name, _wrapped[cls, name][1])


def _is_watched(thing: object, place: str) -> bool:
    return any(
        (target.thing is ANY or target.thing is thing) and place.startswith(target.places)
        for targets in _stack
        for target in targets
    )


def _telling(cls: type, name: str, value: Any) -> Any:
    """A method that tells of its calls, as far as they are watched."""
    function: Any = _function(value)
    own = not isinstance(value, staticmethod)  # whether the first argument is whose method it is
    logger, place = _logger(cls.__name__), _place(cls, name)

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if _here.describes or not _is_watched(arguments[0] if arguments else None, place):
            return function(*arguments, **named)
        said = [_described(argument) for argument in arguments[own:]]
        said += [f"{key}={_described(argument)}" for key, argument in named.items()]
        margin, raised = "  " * _here.depth, ""
        logger._log(logging.DEBUG, "%s> %s(%s)", (margin, name, ", ".join(said)), stacklevel=2)
        _here.depth += 1
        began = time.perf_counter()
        try:
            result = function(*arguments, **named)
            return result
        except BaseException as error:
            raised = f"raised {_described(error)}"
            raise
        finally:
            took = 1000 * (time.perf_counter() - began)
            _here.depth -= 1
            told = (margin, name, raised or _described(result), took)
            logger._log(logging.DEBUG, "%s< %s: %s, %.1f ms", told, stacklevel=2)

    vars(call)["_told"] = function
    return type(value)(call) if isinstance(value, staticmethod | classmethod) else call


class _Short(reprlib.Repr):
    """Tensors and arrays by dtype and shape, wherever they are; the rest cut short."""

    def repr1(self, x: Any, level: int) -> str:
        if hasattr(x, "shape") and hasattr(x, "dtype") and not isinstance(x, type):
            return f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"
        if is_dataclass(x) and not isinstance(x, type) and level > 0:
            parts = (f"{f.name}={self.repr1(getattr(x, f.name), level - 1)}" for f in fields(x))
            return f"{type(x).__name__}({', '.join(parts)})"
        for kind in (tuple, list, dict):  # of subclasses the parts, too
            if isinstance(x, kind):
                return getattr(self, f"repr_{kind.__name__}")(x, level)
        return super().repr1(x, level)


_short = _Short()


def _described(value: Any) -> str:
    _here.describes = True  # a repr may call what is watched
    try:
        text = " ".join(_short.repr(value).split())
    except Exception:  # half made, say
        text = f"<{type(value).__name__}>"
    finally:
        _here.describes = False
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
