"""The tensor: accumulation, second walks, changes in place, indexing, and errors that help."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import tinytorch
from tests.tinytorch.both import ENGINES, assert_equal_on_both, to_numpy
from tinytorch import Refused

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]])


def on_both(call: Any) -> list[Any]:
    """What a function of an engine gives, or the type of error that it raises."""
    found: list[Any] = []
    for t in ENGINES:
        try:
            result = call(t)
            found.append(to_numpy(result).tolist() if hasattr(result, "detach") else result)
        except (RuntimeError, ValueError):
            found.append("refused")
    return found


# Gradients


@pytest.mark.parametrize("retain", [True, False])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x * x).sum(),  # keeps x
        lambda x: x.sum() + x.mean(),  # keeps nothing: may be walked through again
        lambda x: x.exp().sum(),  # keeps its result
        lambda x: x.view(-1)[1:3].sum() * 2,
        lambda x: x.relu().sum(),
    ],
)
def test_a_second_backward_gives_what_torch_gives(function: Any, retain: bool) -> None:
    def twice(t: Any) -> Any:
        x = t.tensor(X, requires_grad=True)
        y = function(x)
        y.backward(retain_graph=retain)
        y.backward()
        return x.grad

    theirs, ours = on_both(twice)
    if theirs == "refused":
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs)


def test_gradients_add_up_over_graphs_and_uses() -> None:
    def call(t: Any) -> Any:
        x = t.tensor(X, requires_grad=True)
        for factor in (1.0, 2.0, 3.0):
            (x * factor + x).sum().backward()
        held = x.grad
        (x * x).sum().backward()
        assert x.grad is held  # in place: who holds it sees it
        return x.grad

    theirs, ours = on_both(call)
    assert ours == theirs


def test_a_gradient_is_nobody_elses() -> None:
    a = tinytorch.tensor(X, requires_grad=True)
    b = tinytorch.tensor(X, requires_grad=True)
    (a + b).sum().backward()
    a.grad.zero_()
    assert b.grad.tolist() == np.ones_like(X).tolist()
    x = tinytorch.tensor(X, requires_grad=True)
    given = tinytorch.ones(2, 3, dtype=tinytorch.float64)
    x.clone().backward(given)
    x.grad.zero_()
    assert given.sum().item() == 6


def test_retained_detached_and_unwanted_gradients_are_torchs() -> None:
    def call(t: Any) -> Any:
        x = t.tensor(X, requires_grad=True)
        h = x * 2
        h.retain_grad()
        d = h.detach()
        with t.no_grad():
            silent = x * 3
        (h * h + d * x + silent).sum().backward()
        assert h.grad is not None
        assert d.grad is None
        assert not silent.requires_grad
        return t.stack((x.grad, h.grad))

    theirs, ours = on_both(call)
    assert ours == theirs


def test_no_grad_is_a_with_a_decorator_and_holds_in_generators() -> None:
    x = tinytorch.tensor(X, requires_grad=True)

    @tinytorch.no_grad()
    def silent() -> Any:
        return x * 2

    @tinytorch.no_grad
    def each() -> Any:
        for _ in range(2):
            yield x * 2

    assert not silent().requires_grad
    for part in each():
        assert not part.requires_grad
        assert tinytorch.is_grad_enabled()  # between the pieces, as it was
        assert (x * 2).requires_grad
    with tinytorch.no_grad():
        with tinytorch.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_only_the_side_that_wants_a_gradient_has_one_worked_out() -> None:
    a, b = tinytorch.tensor(X, requires_grad=True), tinytorch.tensor(X.T)
    y = a @ b
    assert set(y.node.kept) == {"b"}
    assert y.node.inputs[1] is None
    y.sum().backward()
    assert b.grad is None


def test_what_backward_used_is_freed_with_it() -> None:
    x = tinytorch.ones(1000, requires_grad=True)
    middle = x.exp()
    held = weakref.ref(middle.storage.buffer.base if middle.storage.buffer.base is not None
                       else middle.storage.buffer)  # fmt: skip
    loss = (middle * middle).sum()
    del middle
    loss.backward()
    gc.collect()
    assert held() is None
    assert loss.item() > 0


INF = float("inf")
CORNERS: list[Any] = [
    lambda t, x: t.cat([x, t.zeros(2, 3, dtype=t.float64)]),  # of which one alone wants a gradient
    lambda t, x: t.stack([t.zeros(3, dtype=t.float64), x[0]]),
    lambda t, x: (lambda y: (y.__setitem__(..., 3.0), y * y + y)[1])(x[0, 0].clone()),
    lambda t, x: (x - 1).relu().sqrt(),  # an infinite slope, of what relu keeps out
    lambda t, x: x.clamp(min=1.0).sub(1).sqrt()[0, 1:],
    lambda t, x: t.maximum(x, t.zeros(2, 3, dtype=t.float64)).sqrt()[0, 1],
    lambda t, x: (x * 0).std(),
    lambda t, x: (x * 0).norm(dim=1),
    lambda t, x: x.norm(2),
    lambda t, x: x.sum(dim=()),
    lambda t, x: x.narrow(1, -2, 2),
    lambda t, x: (lambda h: (h.__setitem__(0, h[0].mul_(2)), h * x)[1])(x * 1),
    lambda t, x: (lambda h: (h.retain_grad(), h.mul_(3), h * h)[2])(x * 1),
    lambda t, x: x * np.float64(2) + np.float64(1),
    lambda t, x: t.nn.functional.cross_entropy(
        t.cat([x, x * t.tensor([-INF, 1.0, 1.0], dtype=t.float64)])[1:3].abs().neg(),
        t.tensor([1, -100])),
]  # fmt: skip


@pytest.mark.parametrize("call", CORNERS)
def test_corners_are_torchs(call: Any) -> None:
    assert_equal_on_both(call, [X])


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.nn.functional.cross_entropy(t.zeros(3, 5), t.tensor([1, 2])),
        lambda t: t.nn.functional.embedding(t.tensor([-1]), t.zeros(3, 2)),
        lambda t: t.ones(3, requires_grad=True)[0].add_(1),
        lambda t: t.ones(3, 3, requires_grad=True).T.add_(1),
        lambda t: t.arange(5).narrow(0, 3, 4),
        lambda t: t.zeros(3).gather(0, t.tensor([-1])),
    ],
)
def test_what_torch_refuses_is_refused(call: Any) -> None:
    for t in ENGINES:
        with pytest.raises((RuntimeError, ValueError, IndexError)):
            call(t)


def test_an_old_view_stays_refused_after_a_change_without_a_gradient() -> None:
    x = tinytorch.tensor(X, requires_grad=True)
    h = x * 1
    row = h[:1]
    h.mul_(x)
    with tinytorch.no_grad():
        row.mul_(1)
    with pytest.raises(Refused, match="take the view again"):
        row.sum()


def test_the_rest_that_a_reviewer_found() -> None:
    x = tinytorch.tensor(X[0], requires_grad=True)
    (x * 10).sum().backward()
    assert tinytorch.nn.utils.clip_grad_norm_(x, 1.0).item() == pytest.approx(300**0.5)
    assert x.grad.norm().item() == pytest.approx(1, rel=1e-4)
    with pytest.raises(Refused, match="clamp: min is no input"):
        x.clamp(min=x[0])
    linear = tinytorch.nn.Linear(2, 1)
    linear(tinytorch.ones(2)).backward()
    assert linear.double().weight.grad.dtype == tinytorch.float64
    with pytest.raises(TypeError, match="weight is a parameter"):
        linear.weight = tinytorch.ones(1, 2)  # type: ignore[assignment]
    again = pickle.loads(pickle.dumps(tinytorch.arange(4.0)))
    part = again[1:]
    again.add_(10)
    assert part.tolist() == [11, 12, 13]
    tinytorch.set_grad_enabled(False)
    assert not tinytorch.is_grad_enabled()
    with tinytorch.set_grad_enabled(True):
        assert tinytorch.is_grad_enabled()
    assert not tinytorch.is_grad_enabled()
    tinytorch.set_grad_enabled(True)


# Changes in place


@pytest.mark.parametrize(
    "change",
    [
        lambda t, x, h: h.add_(x),
        lambda t, x, h: h.mul_(x),
        lambda t, x, h: h.exp_(),
        lambda t, x, h: h.masked_fill_(h > 0, 2.0),
        lambda t, x, h: h.clamp_(min=0.1),
        lambda t, x, h: h.__setitem__((0, slice(1, None)), x[1, :2]),
        lambda t, x, h: h.__setitem__(slice(None), 0.5),
        lambda t, x, h: h.zero_(),
        lambda t, x, h: h.copy_(x[:1]),
    ],
)
def test_a_change_in_place_goes_on_with_the_gradient(change: Any) -> None:
    def call(t: Any) -> Any:
        x = t.tensor(X, requires_grad=True)
        h = x * 2 + 1
        change(t, x, h)
        (h * h * x).sum().backward()
        return x.grad

    theirs, ours = on_both(call)
    np.testing.assert_allclose(ours, theirs)


def test_what_backward_needs_may_not_be_changed() -> None:
    x, y = tinytorch.tensor(X, requires_grad=True), tinytorch.tensor(X)
    loss = (x * y).sum()
    y[0, 0] = 5.0
    with pytest.raises(Refused, match=r"b of mul, of shape \(2, 3\), was changed in place"):
        loss.backward()
    z = x.exp()
    loss = z.sum()
    with tinytorch.no_grad():
        z.view(6)[2:].add_(1)  # a view will do
    with pytest.raises(Refused, match="y of exp, .* change a .clone"):
        loss.backward()
    x = tinytorch.tensor(X, requires_grad=True)
    y = tinytorch.tensor(X)
    loss = (x + y).sum()  # needs neither
    y.zero_()
    loss.backward()


def test_a_leaf_and_an_old_view_may_not_be_changed_under_a_gradient() -> None:
    x = tinytorch.tensor(X, requires_grad=True)
    with pytest.raises(Refused, match="add_ of a tensor that wants a gradient"):
        x += 1
    with tinytorch.no_grad():
        x += 1  # as an optimizer does
    h = x * 2
    row = h[0]
    h.mul_(x)  # `row` no longer tells how its numbers came about
    with pytest.raises(Refused, match="take the view again"):
        row * 2
    assert (h[0] * 2).requires_grad
    out = tinytorch.zeros(2, 2, dtype=tinytorch.float64)
    out[0][1] = x[0, 0]  # written into a view that nobody keeps: `out` does not learn of it
    with pytest.raises(Refused, match="use that one, or take the view again"):
        out.sum()
    with pytest.raises(Refused, match="use that one, or take the view again"):
        out[0]
    out = tinytorch.zeros(2, 2, dtype=tinytorch.float64)
    out[0, 1] = x[0, 0]
    assert out.sum().requires_grad
    with pytest.raises(Refused, match="does not fit into the tensor of shape"):
        tinytorch.ones(3).add_(tinytorch.ones(2, 3))
    with pytest.raises(Refused, match="float32 does not fit into"):
        tinytorch.arange(3).add_(0.5)


def test_a_value_of_another_shape_is_refused_and_nothing_written() -> None:
    x = tinytorch.zeros(2, 3)
    with pytest.raises(Refused, match=r"\(4,\) does not fit into x\[key\], of shape \(3,\)"):
        x[0] = tinytorch.ones(4)
    assert x.sum().item() == 0


# Indexing


@pytest.mark.parametrize(
    "key",
    [
        0, -1, slice(None), (0, 1), (slice(None), None), (..., 0), (None, ..., 1), [0, 2], [[0, 1]],
        (slice(None), [1, 0, 1]), ([0, 1], [2, 0]), (0, slice(None), [1, 0]), ([1, 0], ..., 0),
        (slice(1, None), None, [0, 1]), (slice(0, 1),), (None, [2, 1], 0),
    ],
)  # fmt: skip
def test_an_index_gives_what_torch_gives(key: Any) -> None:
    array = np.arange(24.0).reshape(3, 4, 2)
    assert_equal_on_both(lambda t, x: x[tensors_in(t, key)] * 2, [array])


def tensors_in(t: Any, key: Any) -> Any:
    parts = [t.tensor(part) if isinstance(part, list) else part for part in
             (key if isinstance(key, tuple) else (key,))]  # fmt: skip
    return tuple(parts) if isinstance(key, tuple) else parts[0]


def test_masks_and_tensors_of_one_number_are_indices() -> None:
    assert_equal_on_both(lambda t, x: x[x > 0] * 2, [X])
    assert_equal_on_both(lambda t, x: x[t.tensor([True, False])], [X])
    assert_equal_on_both(lambda t, x: x[t.tensor(1)][t.tensor([2, 2])], [X])
    with pytest.raises(IndexError, match="an index of floats"):
        tinytorch.tensor(X)[tinytorch.tensor([0.5])]
    with pytest.raises(IndexError, match="out of bounds"):
        tinytorch.tensor(X)[tinytorch.tensor([7])]


# Losses, dropout, random numbers


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_cross_entropy_is_torchs_and_stable(reduction: str) -> None:
    logits = np.random.default_rng(0).normal(size=(6, 5)) * 3
    logits[0, 1] = 1000.0
    targets = np.array([0, 4, 2, -100, 1, 3])

    def call(t: Any, x: Any, y: Any) -> Any:
        return t.nn.functional.cross_entropy(x, y, reduction=reduction)

    assert_equal_on_both(call, [logits, targets])
    assert_equal_on_both(call, [logits.reshape(2, 5, 3), targets.reshape(2, 3)])
    with pytest.raises(IndexError, match="must be from 0 to 4"):
        call(tinytorch, tinytorch.tensor(logits), tinytorch.tensor(targets + 3))
    with pytest.raises(Refused, match="targets of float32"):
        call(tinytorch, tinytorch.tensor(logits), tinytorch.zeros(6))


def test_infinite_and_empty_numbers_are_torchs() -> None:
    special = np.array([[np.inf, -np.inf, np.nan], [1e4, -1e4, 0.0], [-np.inf] * 3])
    for name in ("exp", "tanh", "sigmoid", "relu", "sqrt", "abs", "log"):
        assert_equal_on_both(lambda t, x, name=name: getattr(t, name)(x.detach()), [special])
    for name in ("softmax", "log_softmax", "logsumexp"):
        assert_equal_on_both(
            lambda t, x, name=name: getattr(t, name)(x.detach(), -1), [special[1:]]
        )
    for name in ("sum", "mean", "all", "any"):
        call: Any = lambda t, x, name=name: getattr(t, name)(x.detach())  # noqa: E731
        assert_equal_on_both(call, [np.zeros((0, 3))])


def test_dropout_drops_the_share_and_makes_up_for_it() -> None:
    tinytorch.manual_seed(0)
    drop = tinytorch.nn.Dropout(0.25)
    x = tinytorch.ones(200, 200, requires_grad=True)
    y = drop(x)
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(np.unique(y.detach().numpy()), [0, 4 / 3], rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    assert drop.eval()(x) is x


def test_draws_follow_their_weights_and_their_seed() -> None:
    weights = tinytorch.tensor([[0.0, 1.0, 2.0, 5.0]]).expand(8000, 4)
    generator = tinytorch.Generator().manual_seed(1)
    first = tinytorch.multinomial(weights, 1, generator=generator)
    shares = np.bincount(first.numpy()[:, 0], minlength=4) / 8000
    np.testing.assert_allclose(shares, [0, 1 / 8, 2 / 8, 5 / 8], atol=0.02)
    again = tinytorch.multinomial(weights, 1, generator=tinytorch.Generator().manual_seed(1))
    assert again.tolist() == first.tolist()
    three = tinytorch.multinomial(weights, 3, generator=generator)
    assert all(sorted(row) == [1, 2, 3] for row in three.tolist())
    many = tinytorch.multinomial(weights[:10], 5, replacement=True)
    assert 0 not in many.numpy()
    for wrong in (tinytorch.zeros(3), tinytorch.tensor([1.0, -1.0]), tinytorch.tensor([np.nan])):
        with pytest.raises(Refused, match="weights must be finite"):
            tinytorch.multinomial(wrong, 1)
    with pytest.raises(Refused, match="4 of 3 that have a weight"):
        tinytorch.multinomial(weights[0], 4)


# What it is to Python and NumPy


def test_a_tensor_is_made_as_torch_makes_it() -> None:
    for data in (1, 2.5, True, [1, 2], [1, 2.5], [[True], [False]], [], np.float32(3), X):
        theirs, ours = torch.tensor(data), tinytorch.tensor(data)
        assert ours.tolist() == theirs.tolist()
        assert str(theirs.dtype).split(".")[1] == ours.dtype.name
    for call in (
        lambda t: t.arange(5), lambda t: t.arange(1, 2, 0.25), lambda t: t.arange(5, 0, -2),
        lambda t: t.full((2, 2), 3), lambda t: t.eye(3), lambda t: t.linspace(0, 1, 5),
        lambda t: t.zeros((2, 3), dtype=t.int64), lambda t: t.ones_like(t.arange(3)),
        lambda t: t.arange(6).view(2, 3).tril(), lambda t: t.tensor(X).new_tensor([1, 2]),
    ):  # fmt: skip
        theirs, ours = call(torch), call(tinytorch)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy())
        assert str(theirs.dtype).split(".")[1] == ours.dtype.name
    array = np.zeros(3)
    tinytorch.from_numpy(array)[0] = 5
    assert array[0] == 5


def test_a_copy_shares_nothing_and_keeps_what_is_tied() -> None:
    linear = tinytorch.nn.Linear(2, 2)
    tied = tinytorch.nn.ModuleList([linear, tinytorch.nn.Linear(2, 2)])
    tied[1].weight = linear.weight
    twin = copy.deepcopy(tied)
    twin[0].weight.data.fill_(3.0)
    assert twin[1].weight is twin[0].weight
    assert linear.weight.detach().max().item() < 3
    with pytest.raises(Refused, match="deepcopy"):
        copy.deepcopy(linear.weight * 2)


def test_modules_have_torchs_names_order_and_strictness() -> None:
    def build(t: Any) -> Any:
        class Net(t.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = t.nn.ModuleList([t.nn.Linear(2, 3), t.nn.Linear(3, 3, bias=False)])
                self.scale = t.nn.Parameter(t.ones(1))
                self.register_buffer("steps", t.zeros(1))
                self.again = self.layers[0]
                self.head = t.nn.Sequential(t.nn.Linear(3, 2), t.nn.Tanh())

        return Net()

    theirs, ours = build(torch), build(tinytorch)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert repr(ours).split("(")[0] == "Net"
    assert not ours.eval().head.training
    assert ours.double().scale.dtype == tinytorch.float64
    state = ours.state_dict()
    state["scale"].fill_(4.0)  # shares the storage
    assert ours.scale.item() == 4
    del state["scale"]
    state["odd"] = tinytorch.zeros(1)
    with pytest.raises(Refused, match="missing scale; unexpected odd"):
        ours.load_state_dict(state)
    assert ours.load_state_dict(state, strict=False) == (["scale"], ["odd"])


def test_joint_clipping_is_torchs() -> None:
    for limit in (0.5, 100.0):
        found = []
        for t in ENGINES:
            ps = [t.tensor(X, requires_grad=True), t.tensor([2.0], requires_grad=True)]
            ((ps[0] ** 2).sum() + ps[1].sum()).backward()
            norm = t.nn.utils.clip_grad_norm_(ps, limit)
            found.append([norm.item(), *ps[0].grad.flatten().tolist()])
        assert found[1] == pytest.approx(found[0], rel=1e-6)


# Errors


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: t.ones(2, 3) + t.ones(4, 3), r"add of shapes \(2, 3\) and \(4, 3\)"),
        (lambda t: t.ones(2, 3) @ t.ones(4, 3), r"matmul of shapes \(2, 3\) and \(4, 3\)"),
        (lambda t: t.cat((t.ones(2, 3), t.ones(2, 2))), r"cat of shapes \(2, 3\) and \(2, 2\)"),
        (lambda t: t.arange(3).requires_grad_(), "a gradient of int64: only floats"),
        (lambda t: t.tensor([True], requires_grad=True), "a gradient of bool"),
        (lambda t: t.ones(3, requires_grad=True).exp().backward(), r"backward from shape \(3,\)"),
        (lambda t: t.ones(1).backward(), "requires_grad=True asks for it"),
        (lambda t: t.arange(3).mean(), "mean of int64: only floats have one"),
        (lambda t: t.ones(3).topk(5), r"k=5: axis -1 of shape \(3,\) has 3"),
        (lambda t: t.ones(2, requires_grad=True).numpy(), r"take .detach\(\).numpy\(\)"),
        (lambda t: bool(t.ones(2)), r"ask .any\(\) or .all\(\)"),
        (lambda t: t.ones(2).item(), "only one element"),
    ],
)
def test_an_error_says_what_and_what_helps(call: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        call(tinytorch)
    with pytest.raises(RuntimeError):  # where torch raises one, ours can be caught as it
        call(torch)


def test_a_name_that_only_torch_has_is_told_with_the_nearest() -> None:
    x = tinytorch.ones(2)
    for ask, words in (
        (lambda: tinytorch.logsumexpp, "has no 'logsumexpp', the nearest that it has: logsumexp"),
        (lambda: x.addbmm, "Tensor has no 'addbmm', the nearest that it has: add"),
        (lambda: tinytorch.nn.Conv2d, "nn has no 'Conv2d'"),
        (lambda: tinytorch.nn.functional.softmin, "nearest that it has: softmax"),
        (lambda: tinytorch.nn.Linear(1, 1).wieght, "Linear has no 'wieght', .* weight"),
    ):
        with pytest.raises(AttributeError, match=words):
            ask()
    with pytest.raises(TypeError, match="sum takes a, dim, keepdim, dtype"):
        x.sum(dims=1)
    with pytest.raises(TypeError):
        x + "1"


def test_gradcheck_names_the_element_that_is_wrong() -> None:
    x = tinytorch.tensor(X, requires_grad=True)
    assert tinytorch.gradcheck(lambda x: x.exp() * x, x)
    with pytest.raises(Refused, match=r"input 0, element \(0, 0\): backward gives"):
        tinytorch.gradcheck(lambda x: x * x.detach(), x)  # a graph that was cut
    with pytest.raises(Refused, match="must be float64"):
        tinytorch.gradcheck(lambda x: x, x.detach().float().requires_grad_())
