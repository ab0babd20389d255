"""Any object can log, late and lazily; what is watched tells of itself, and is left as it was."""

from __future__ import annotations

import copy
import doctest
import io
import itertools
import logging as standard
import pickle
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import llama
from support import logging
from support.logging import CanLog, can_log, debug, debugging, pop, push, set_up
from tests.helpers import CONFIG, random_llama, random_tokens, run_code

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}:")
TOOK = re.compile(r", \d+\.\d ms$")


class Stream(io.StringIO):
    def lines(self) -> list[str]:
        """What came since the last call, without times."""
        written = self.getvalue().splitlines()
        self.seek(0)
        self.truncate()
        assert all(TIME.match(line) for line in written), written
        return [TOOK.sub("", TIME.sub("", line, count=1)) for line in written]


@pytest.fixture(autouse=True)
def told() -> Iterator[Stream]:
    """Our lines, from INFO on; afterwards all is as it was before."""
    ours = logging.OURS
    before = ours.level, ours.propagate, list(ours.handlers)
    stream = Stream()
    set_up("INFO", stream)
    yield stream
    while logging._stack:
        pop()
    ours.setLevel(before[0])
    ours.propagate, ours.handlers[:] = before[1], before[2]


def handler(told: Stream) -> standard.Handler:
    """The one that writes our lines; pytest listens with its own."""
    return next(one for one in logging.OURS.handlers if getattr(one, "stream", None) is told)


class Plain:
    pass


class NoSuper(Plain):
    def __init__(self) -> None:
        pass


class WithSuper(Plain):
    def __init__(self) -> None:
        super().__init__()


class Two(NoSuper, dict):
    pass


class Own:
    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("full")


class Slots:
    __slots__ = ("a",)


@dataclass(frozen=True)
class Frozen:
    a: int = 0


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    a: int = 0


class Early(nn.Module):
    """Can log before torch has made room for anything."""

    def __init__(self) -> None:
        can_log(self)
        super().__init__()
        self.linear = nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.debug("forward %s", tuple(x.shape))  # type: ignore[operator]
        return self.linear(x)


KINDS = [Plain, NoSuper, WithSuper, Two, Own, Slots, Frozen, FrozenSlots]


class Base:
    """Knows nothing of logging."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def grow(self, by: int, *, twice: bool = False) -> int:
        self.size += by * (2 if twice else 1)
        return self._checked()

    def _checked(self) -> int:
        if self.size > 100:
            raise ValueError("too large")
        return self.size

    def steps(self) -> Iterator[int]:
        yield from range(self.size)

    @staticmethod
    def doubled(number: int) -> int:
        return 2 * number

    @classmethod
    def made(cls, size: int) -> Base:
        return cls(size)

    @property
    def half(self) -> float:
        return self.size / 2

    def __repr__(self) -> str:
        return f"Base({self._checked()})"

    def __add__(self, other: Base) -> Base:
        return Base(self.size + other.size)

    @cache  # noqa: B019
    def kept(self) -> int:
        return self.size


class Sub(Base):
    def shrink(self) -> int:
        self.size -= 1
        return self.size


class Speaker(CanLog):
    def one(self) -> None:
        self.debug("one")

    def other(self) -> None:
        self.debug("other")

    def inside(self) -> None:
        (lambda: self.debug("inside"))()

    def slowly(self) -> Iterator[int]:
        self.debug("slowly")
        yield 1

    @property
    def value(self) -> int:
        self.debug("value")
        return 1


class Heir(Speaker):
    def own(self) -> None:
        self.debug("own")


class Counting:
    """Counts how often it is made a text."""

    count = 0

    def __str__(self) -> str:
        self.count += 1
        return "text"


def test_the_examples() -> None:
    assert doctest.testmod(logging).failed == 0


@pytest.mark.parametrize("base", KINDS)
def test_a_class_of_any_kind_can_log_at_any_time(base: type, told: Stream) -> None:
    kind: Any = type("Kind", (base,), {"__slots__": ()})
    thing = kind()
    assert can_log(kind) is kind
    thing.info("one %s", 1)
    thing.warning("two")
    thing.error("%s and %s", 3, "three")
    thing.debug("four")
    assert told.lines() == ["INFO:Kind: one 1", "WARNING:Kind: two", "ERROR:Kind: 3 and three"]
    assert not hasattr(base(), "info")


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_alone_can_log(kind: type, told: Stream) -> None:
    thing: Any = kind()
    before = dict(vars(kind))
    if "Slots" in kind.__name__:
        with pytest.raises(ValueError, match=rf"no room .*can_log\({kind.__name__}\)"):
            can_log(thing)
    else:
        assert can_log(can_log(thing)) is thing
        thing.info("here")
        assert told.lines() == [f"INFO:{kind.__name__}: here"]
    assert vars(kind) == before
    assert not hasattr(kind(), "info")


def test_a_subclass_logs_under_its_own_name(told: Stream) -> None:
    kind: Any = can_log(type("Above", (), {}))
    below = can_log(type("Below", (kind,), {}))
    can_log(below()).info("here")
    assert told.lines() == ["INFO:Below: here"]
    assert "info" not in vars(below)
    assert "info" not in vars(can_log(below()))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_can_log_is_copied_and_stays_a_dataclass(again: Callable, told: Stream) -> None:
    thing: Any = can_log(Frozen(3))
    other = again(thing)
    assert other == thing
    assert asdict(other) == {"a": 3}
    with debug(other):
        thing.debug("first")
        other.debug("second")
    assert told.lines() == ["DEBUG:Frozen: second"]


def test_a_module_can_log_before_it_is_one(told: Stream) -> None:
    model = Early()
    assert list(model.state_dict()) == ["linear.weight", "linear.bias"]
    with debug(model):
        model(torch.ones(1, 2))
    assert told.lines() == [
        "DEBUG:Early: > forward(float32 (1, 2))",
        "DEBUG:Early: forward (1, 2)",
        "DEBUG:Early: < forward: float32 (1, 3)",
    ]


def test_what_is_there_is_not_hidden() -> None:
    kind: Any = type("Kind", (), {"info": 3})
    for thing in (kind, kind()):
        with pytest.raises(ValueError, match="Kind has another info, which this would hide"):
            can_log(thing)
        assert not hasattr(thing, "debug")


def test_a_message_is_made_only_when_it_is_emitted(told: Stream) -> None:
    logging.OURS.handlers[:] = [handler(told)]
    value, speaker = Counting(), Speaker()
    speaker.debug("%s", value)
    assert value.count == 0
    speaker.info("%s", value)
    assert value.count == 1
    with debug(speaker):
        speaker.debug("%s", value)
    assert value.count == 2
    speaker.info("%s", Counting)  # what can be called is not called
    speaker.info("100 %")
    assert told.lines()[2:] == [f"INFO:Speaker: {Counting}", "INFO:Speaker: 100 %"]


def test_the_caller_is_whoever_spoke(told: Stream) -> None:
    handler(told).setFormatter(standard.Formatter("%(funcName)s"))
    alone: Any = can_log(Plain())
    Speaker().info("class")
    alone.info("instance")
    with debug(Speaker.one, Base.grow):
        Speaker().one()
        Base().grow(1)
    here = "test_the_caller_is_whoever_spoke"
    assert told.getvalue().split() == [here, here, here, "one", here, here, here]


def test_a_line_has_time_level_and_class_and_the_traceback(told: Stream) -> None:
    try:
        raise ValueError("wrong")
    except ValueError:
        Speaker().error("failed", exc_info=True)
    first, *rest = told.getvalue().splitlines()
    assert re.fullmatch(TIME.pattern + "ERROR:Speaker: failed", first)
    assert rest[-1] == "ValueError: wrong"


def test_setting_up_again_says_nothing_twice_and_leaves_others_alone(told: Stream) -> None:
    root = standard.getLogger()
    before = root.level, list(root.handlers), standard.getLogger("other").getEffectiveLevel()
    others = standard.StreamHandler(io.StringIO())
    logging.OURS.addHandler(others)
    set_up("INFO", told)
    Speaker().info("once")
    assert told.lines() == ["INFO:Speaker: once"]
    set_up("WARNING", told)
    Speaker().info("no more")
    assert told.lines() == []
    assert others in logging.OURS.handlers
    assert before == (
        *(root.level, list(root.handlers)),
        standard.getLogger("other").getEffectiveLevel(),
    )
    with pytest.raises(ValueError, match="Unknown level: 'LOUD'"):
        set_up("LOUD")


def test_who_has_set_nothing_up_sees_what_is_watched_on_standard_error() -> None:
    code = (
        "from support.logging import can_log, debug\n"
        "@can_log\n"
        "class A:\n"
        "    def f(self): self.info('quiet')\n"
        "A().f()\n"
        "with debug('flag'): A().f()\n"
        "with debug(A): A().f()\n"
    )
    result = run_code(code)
    lines = [TIME.sub("", line) for line in result.stderr.splitlines()]
    assert [TOOK.sub("", line) for line in lines] == [
        *("DEBUG:A: > f()", "INFO:A: quiet", "DEBUG:A: < f: None")
    ]
    assert result.stdout == ""


def test_logging_needs_no_package() -> None:
    code = (
        "import sys, support.logging, support.settings\n"
        "found = {'torch', 'numpy', 'tyro'} & sys.modules.keys()\n"
        "sys.exit(f'{found}' if found else 0)"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


ALL = "one other inside slowly value outside"
WATCHED: dict[str, tuple[Callable[[Speaker], Any], str, str, str]] = {
    # what is watched, and what comes of an instance, of another and of one of a subclass
    "class": (lambda speaker: Speaker, ALL, ALL, "one other inside slowly value"),
    "subclass": (lambda speaker: Heir, "", "", f"{ALL} own"),
    "method": (lambda speaker: Speaker.one, "one", "one", "one"),
    "method with a function inside": (lambda speaker: Speaker.inside, *3 * ("inside",)),
    "generator": (lambda speaker: Speaker.slowly, "slowly", "slowly", "slowly"),
    "instance": (lambda speaker: speaker, ALL, "", ""),
    "method of an instance": (lambda speaker: speaker.one, "one", "", ""),
    "flag": (lambda speaker: "one", "", "", ""),
}


@pytest.mark.parametrize("name", WATCHED)
def test_messages_come_of_what_is_watched(name: str, told: Stream) -> None:
    def said(speaker: Speaker) -> str:
        speaker.one()
        speaker.other()
        speaker.inside()
        list(speaker.slowly())
        _ = speaker.value
        speaker.debug("outside")
        if isinstance(speaker, Heir):
            speaker.own()
        messages = [line.split(": ", maxsplit=1)[1] for line in told.lines()]
        return " ".join(one for one in messages if one.lstrip()[0] not in "<>")

    choose, *expected = WATCHED[name]
    speaker, another, heir = Speaker(), Speaker(), Heir()
    with debug(choose(speaker)):
        assert [said(speaker), said(another), said(heir)] == expected
    assert said(speaker) == said(another) == said(heir) == ""


def test_calls_are_told_with_what_goes_in_and_comes_out(told: Stream) -> None:
    with debug(Base):
        base = Base.made(1)
        base.grow(2, twice=True)
        Base.doubled(4)
        with pytest.raises(ValueError, match="too large"):
            base.grow(100)
    assert told.lines() == [
        "DEBUG:Base: > made(1)",
        "DEBUG:Base:   > __init__(1)",
        "DEBUG:Base:   < __init__: None",
        "DEBUG:Base: < made: Base(1)",
        "DEBUG:Base: > grow(2, twice=True)",
        "DEBUG:Base:   > _checked()",
        "DEBUG:Base:   < _checked: 5",
        "DEBUG:Base: < grow: 5",
        "DEBUG:Base: > doubled(4)",
        "DEBUG:Base: < doubled: 8",
        "DEBUG:Base: > grow(100)",
        "DEBUG:Base:   > _checked()",
        "DEBUG:Base:   < _checked: raised ValueError('too large')",
        "DEBUG:Base: < grow: raised ValueError('too large')",
    ]


CALLS: list[tuple[Callable[[Sub], Any], str]] = [
    (lambda sub: Base, "made __init__ grow _checked doubled grow _checked"),
    (lambda sub: Sub, "shrink"),
    (lambda sub: Base.grow, "grow grow"),
    (lambda sub: Sub.grow, "grow grow"),
    (lambda sub: Base.doubled, "doubled"),
    (lambda sub: Sub.made, "made"),
    (lambda sub: Base.__add__, "__add__"),
    (lambda sub: sub, "grow shrink"),
    (lambda sub: sub.grow, "grow"),
    (lambda sub: sub.made, "made"),
    (lambda sub: {Sub, "flag"}, "shrink"),
    (lambda sub: "grow", ""),
    (lambda sub: None, ""),
]


@pytest.mark.parametrize(("choose", "expected"), CALLS)
def test_just_those_calls_are_told(
    choose: Callable[[Sub], Any], expected: str, told: Stream
) -> None:
    sub, other = Sub(1), Base(1)
    with debug(choose(sub)):
        Sub.made(3)
        sub.grow(1)
        Sub.doubled(2)
        other.grow(1)
        sub.shrink()
        _ = sub.half, sub.kept()
        if expected == "__add__":
            _ = sub + other
    begun = [line.partition("> ")[2].partition("(")[0] for line in told.lines() if "> " in line]
    assert " ".join(begun) == expected


def test_what_has_a_shape_is_told_by_it_and_what_is_long_is_cut(told: Stream) -> None:
    class Taking:
        def take(self, *values: Any, **named: Any) -> Any:
            return values

    class Broken:
        def __repr__(self) -> str:
            raise ValueError

    x, y = torch.ones(2, 3), np.ones((4,), dtype=np.int16)
    cases: list[tuple[Any, str]] = [
        (x.bfloat16(), "bfloat16 (2, 3)"),
        (y, "int16 (4,)"),
        ([x, {"y": y}], "[float32 (2, 3), {'y': int16 (4,)}]"),
        (logging._Target(x, set(), None, ()), "(float32 (2, 3), set(), None, ())"),
        (Frozen(x), "Frozen(a=float32 (2, 3))"),  # type: ignore[arg-type]
        (torch.Tensor, "<class 'torch.Tensor'>"),
    ]
    for value, expected in cases:
        with debug(Taking.take):
            Taking().take(value)
        begin, end = told.lines()
        assert begin == f"DEBUG:Taking: > take({expected})"
        assert end == f"DEBUG:Taking: < take: ({expected},)"
    with debug(Taking.take):
        Taking().take("a" * 1000, list(range(1000)), nn.Linear(2, 2), Broken())
        Taking().take(*(["b" * 29] * 50))
    lines = told.lines()
    assert all("\n" not in line and len(line) < 40 * 50 for line in lines)
    assert len(lines[0]) < 300
    assert len(lines[1]) < 150


def test_what_describes_is_not_told(told: Stream) -> None:
    """A repr that calls what is watched, and one that is watched itself, would never end."""
    with debug(Base._checked, Base.__repr__):
        _ = Base(1) + Base(2)
        with debug(Base.__add__):
            _ = Base(1) + Base(2)
        repr(Base(7))
    assert told.lines() == [
        "DEBUG:Base: > __add__(Base(2))",
        "DEBUG:Base: < __add__: Base(3)",
        "DEBUG:Base: > __repr__()",
        "DEBUG:Base:   > _checked()",
        "DEBUG:Base:   < _checked: 7",
        "DEBUG:Base: < __repr__: 'Base(7)'",
    ]


def test_a_model_that_knows_nothing_of_it_is_watched(told: Stream) -> None:
    model, tokens = random_llama(), random_tokens(1, 5)
    expected, _ = model(tokens)
    with debug(llama.Attention.forward):
        got, _ = model(tokens)
    assert torch.equal(got, expected)
    x = f"float32 (1, 5, {CONFIG.dim})"
    context = "AttentionContext(visible=bool (5, 5), positions=None, cache=None)"
    lines = [f"DEBUG:Attention: > forward({x}, {context})", f"DEBUG:Attention: < forward: {x}"]
    assert told.lines() == lines * CONFIG.n_layers
    with debug(model.layers[1], llama.RMSNorm.forward):
        model(tokens)
    begun = [line for line in told.lines() if "> " in line]
    assert sum("LlamaLayer: > forward(" in line for line in begun) == 1
    norms = [line.partition(":")[2] for line in begun if "RMSNorm" in line]
    assert len(norms) == 2 * CONFIG.n_layers + 1
    assert [norm.startswith("RMSNorm:   > ") for norm in norms] == [
        number in (2, 3) for number in range(len(norms))
    ], "indented where the second layer calls it"
    model(tokens)
    assert told.lines() == []


def held() -> dict[type, list[tuple[str, Any]]]:
    """What classes hold, in order."""
    classes = (Base, Sub, Speaker, llama.Attention, llama.Llama, nn.Module)
    return {cls: list(vars(cls).items()) for cls in classes}


def test_classes_and_instances_are_left_as_they_were() -> None:
    model, sub = random_llama(), Sub(3)
    before, own = held(), (list(vars(model)), list(vars(sub)))
    targets: tuple[Any, ...] = (
        Base,
        Sub.grow,
        Sub.made,
        Base.doubled,
        sub,
        sub.shrink,
        Speaker,
        model,
    )
    targets += (llama.Attention.forward, model.layers[0].get_submodule("attention").forward)
    with debug(*targets):
        assert held() != before
        assert own == (list(vars(model)), list(vars(sub)))
        assert isinstance(vars(Base)["doubled"], staticmethod)
        assert isinstance(vars(Base)["made"], classmethod)
        assert vars(Base)["half"] is dict(before[Base])["half"]
        assert "grow" not in vars(Sub), "what is inherited is watched where it is held"
    assert held() == before
    with pytest.raises(KeyError), debug(*targets):
        raise KeyError
    assert held() == before


def test_a_set_is_taken_off_in_any_order() -> None:
    """Whatever is pushed and popped within a `with`, and whichever ends first."""
    before = held()
    early = Base.grow
    for first, second, third in itertools.permutations([(Base,), (early, Sub), (Base.made, early)]):
        push(*first)
        one, other = debug(*second), debug(*third, Base.grow)
        one.__enter__()
        other.__enter__()
        one.__exit__(None, None, None)
        assert vars(Base)["made"] is not dict(before[Base])["made"]
        pop()
        other.__exit__(None, None, None)  # it has been taken off already
        assert len(logging._stack) == 1
        pop()
        assert held() == before


def test_what_another_has_put_there_meanwhile_stays(told: Stream) -> None:
    class Changing:
        def change(self) -> None:
            pass

    changed = pytest.MonkeyPatch()
    with debug(Changing):
        changed.setattr(Changing, "change", len)
    assert vars(Changing)["change"] is len
    changed.undo()  # which puts back what it found: ours
    Changing().change()
    assert told.lines() == []
    with debug(Changing):
        Changing().change()
    assert len(told.lines()) == 2


def test_a_call_is_told_once_however_often_it_is_watched(told: Stream) -> None:
    base = Base()
    with debug(Base, Base.grow), debug(base, base.grow, {Base.grow}):
        base.grow(1)
    assert [line.partition("> ")[2] for line in told.lines() if "> " in line] == [
        *("grow(1)", "_checked()")
    ]


def test_pop_takes_the_topmost_set_off_and_leaves_the_rest() -> None:
    push("a", "b")
    push("c")
    assert debugging("a")
    assert debugging("c")
    pop()
    assert debugging("a")
    assert debugging("b")
    assert not debugging("c")
    pop()
    assert not debugging("a")
    with pytest.raises(ValueError, match="pop: nothing was pushed, or all of it has been taken"):
        pop()


def test_flags_are_whatever_can_be_compared() -> None:
    tensor, module = torch.ones(2), nn.Linear(2, 2)
    on = [
        ("shapes", 3),
        {"a", "b"},
        {"c": 1, "d": 0},
        [1, 2],
        Frozen(3),
        tensor,
        module,
        None,
        Base,
    ]
    with debug(*on):
        assert all(map(debugging, [*on, "a", "b", "c", Frozen(3), ("shapes", 3)]))
        assert not any(
            map(debugging, ["d", "shapes", Frozen(4), torch.ones(2), 1, nn.Linear(2, 2)])
        )
    assert not any(map(debugging, on))


@pytest.mark.parametrize(
    "target",
    [llama.apply_rotary_emb, len, torch.Tensor.add, "a".upper, Base.half, lambda: 0],
    ids=["function", "built in", "of torch", "of text", "property", "lambda"],
)
def test_what_cannot_be_watched_is_refused_and_changes_nothing(target: Any) -> None:
    before = held()
    with pytest.raises(ValueError, match=r"debug: .* is no method of a class that is written in P"):
        push(Base, target)
    assert held() == before
    assert not debugging(Base)


def test_threads_are_indented_each_for_itself(told: Stream) -> None:
    def grow_in_a_thread() -> int:
        thread = threading.Thread(target=Base(1).grow, args=(1,))
        thread.start()
        thread.join()
        return 0

    with debug(Base.grow), suppress(ValueError):
        base = Base()
        base._checked = grow_in_a_thread  # type: ignore[method-assign]
        base.grow(2)
    assert told.lines() == [
        "DEBUG:Base: > grow(2)",
        "DEBUG:Base: > grow(1)",
        "DEBUG:Base: < grow: 2",
        "DEBUG:Base: < grow: 0",
    ]


def test_a_quiet_message_looks_at_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is watched it costs what the level's check costs."""

    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(sys, "_getframe", never)
    Speaker().one()


def test_nothing_is_asked_of_what_a_class_merely_holds() -> None:
    """Some libraries keep modules in their classes that are imported when anything is asked."""

    class Lazy:
        def __getattr__(self, name: str) -> Any:
            raise ModuleNotFoundError(name)

    class Holder:
        held = Lazy()

        def method(self) -> int:
            return 1

    with debug(Holder.method):
        assert Holder().method() == 1
