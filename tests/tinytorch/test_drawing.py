"""Pictures: graphs of values and tensors, the walk back in steps, tensors side by side."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch import Refused, Value, draw, hprt, steps, vprt
from tinytorch.printing import below, beside


def expression() -> tuple[Any, Any]:
    x = tinytorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x.name = "x"
    h = (x * 2).tanh()
    h.name = "h"
    loss = (h * h).sum() + h.mean()
    loss.name = "loss"
    return x, loss


def test_a_graph_shows_names_operations_shapes_values_and_gradients() -> None:
    x, loss = expression()
    dot = str(draw(loss))
    x_box = "x\\l(2, 2)\\l[[1. 2.]\\l [3. 4.]]\\lgrad [["
    for text in (x_box, 'label="2\\l"', "mul", "h = tanh", "loss = add", "grad 1"):
        assert text in dot, text
    assert len(re.findall(r"^  n\d+ \[", dot, re.M)) == 8
    assert len(re.findall("->", dot)) == 9  # h goes twice into its square
    assert x.grad is None  # a look changes nothing
    loss.backward()
    boxes = {box.title: box for box in draw(loss).boxes}
    assert boxes["x"].gradient  # what is there is shown
    assert boxes["sum"].value == ""  # and what was used up is not


def test_a_graph_of_values_has_their_gradients() -> None:
    a, b = Value(2.0, name='a "quoted"'), Value(-3.0)
    c = a * b + a
    c.backward()
    dot = str(draw(c))
    assert 'n0 [label="a \\"quoted\\"\\l2\\lgrad -2\\l"];' in dot
    assert dot.count("->") == 4


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_it(tmp_path: Path) -> None:
    _, loss = expression()
    draw(loss).save(tmp_path / "loss.svg")
    assert "<svg" in (tmp_path / "loss.svg").read_text()


def test_without_graphviz_there_is_a_line_and_the_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _, loss = expression()
    with pytest.raises(Refused, match="install the package graphviz, or save the .dot"):
        draw(loss).save(tmp_path / "loss.svg")
    assert not (tmp_path / "loss.svg").exists()
    draw(loss).save(tmp_path / "loss.dot")
    assert (tmp_path / "loss.dot").read_text().startswith("digraph {")
    with pytest.raises(Refused, match="saved as .dot or .svg"):
        draw(loss).save(tmp_path / "loss.png")
    assert draw(loss)._repr_svg_() is None  # a notebook then shows the text


def test_steps_are_those_of_backward_and_end_with_its_gradients() -> None:
    x, loss = expression()
    walked = steps(loss)
    assert len(walked) == 7
    assert x.grad is None
    texts = list(walked)
    assert texts[0].startswith("step 1 of 7: #7 loss = add ()")
    assert any("a: g * (1 - y * y)" in text for text in texts)  # the rule, as the table has it
    assert any("gathered" in text for text in texts)  # h, which is used three times
    assert str(walked) == "\n\n".join(texts)
    last = walked.moves[-1].came_in
    loss.backward()
    assert last == np.array2string(np.asarray(x.grad), precision=4, suppress_small=True)
    with pytest.raises(Refused, match="before backward"):
        steps(loss)
    with pytest.raises(Refused, match="must be one number"):
        steps(x * 2)


def test_steps_of_values_have_slopes_and_sums() -> None:
    a = Value(3.0, name="a")
    text = str(steps(a * a))
    assert text.count("g * 3") == 2
    assert "gathered  6" in text


def test_the_page_holds_all_it_needs(tmp_path: Path) -> None:
    _, loss = expression()
    loss.name = "<b>loss</b>"
    steps(loss).html(tmp_path / "steps.html")
    page = (tmp_path / "steps.html").read_text("utf-8")
    assert page.count("http") == page.count("http://www.w3.org/2000/svg")  # a name, no address
    assert "<b>loss" not in page.split("<script>")[0]
    found = re.search(r"const steps = (\[.*\]);", page)
    assert found is not None
    walked = json.loads(found[1])
    assert len(walked) == 7
    assert all(f'id="box{step["box"]}"' in page for step in walked)
    assert page.count("<rect") == 8


def test_tensors_of_all_kinds_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.array([[1.0, 2.5], [3.0, 4.0]])
    theirs = torch.tensor(x, requires_grad=True)
    ours = tinytorch.tensor(x, requires_grad=True)
    ours.name = "w"
    hprt("x:", x, "=", theirs, "=", ours)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "       (2, 2)          (2, 2)         w (2, 2)",
        "x:  [[1.  2.5]   =  [[1.  2.5]   =  [[1.  2.5]",
        "     [3.  4. ]]      [3.  4. ]]      [3.  4. ]]",
    ]
    vprt(ours, half=torch.ones(2, dtype=torch.bfloat16), n=3)
    assert capsys.readouterr().out == (
        "  w (2, 2)\n[[1.  2.5]\n [3.  4. ]]\nhalf (2,)\n[1. 1.]\nn:\n3\n"
    )
    assert beside("a", below("b", "c")) == "   b\na  c"
    assert beside() == below() == ""
