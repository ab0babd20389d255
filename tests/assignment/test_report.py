"""Reports show what was found, and nothing that a submission wrote gets out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from assignment.grading import exports, grader, selftest
from assignment.grading.pages import class_page, kill_table, page, png
from assignment.grading.pages.markup import EMPTY
from assignment.results import Finding, Picture, Status, SubmissionResult, TaskResult
from assignment.sandbox.intake import Intake
from assignment.sandbox.process import Worker
from assignment.sandbox.tiers import Tier
from assignment.screen import SIGNS, details, terminal
from assignment.specimens import mistakes
from assignment.tasks import load_course
from assignment.text import clean, columns, fit
from tests.helpers import PROJECT

TITLES = {task.name: task.title for task in load_course().tasks.values()}
EVIL = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> &amp; ```\n```\n**b** "
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link \u202egnp.exe \x00\x08 \udcff</style>"
)
# What may stand in a page; a <script>, <a> to elsewhere or <iframe> would be a way out.
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "div"),
    *("span", "p", "h1", "h2", "h3", "a", "b", "i", "bdi", "code", "pre", "small", "strong"),
    *("dl", "dt", "dd", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("figure", "figcaption", "img"),
}


class Page(HTMLParser):
    """Reads a page strictly: every element is known, closed, and closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        assert text.startswith("<!DOCTYPE html>\n")
        text.encode("utf-8")  # nothing that a file cannot hold
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        assert len(dict(attrs)) == len(attrs)
        self.seen.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def picture(*shape: int) -> Picture:
    error = 10.0 ** np.random.default_rng(0).uniform(-8, 1, shape)
    return Picture.of(error, np.full(shape, 1e-4))


def finding(text: str = "attended", hidden: bool = False) -> Finding:
    difference = ("index     (0, 0, 1, 0)", "got       -0.35", "expected  -0.30", text)
    return Finding(text, text, text, difference, text, picture(2, 4, 5, 6), hidden)


def result(text: str = "attended", student: str = "Ada Lovelace") -> SubmissionResult:
    """A submission with a task of each status, and `text` wherever it has influence."""
    found = []
    for i, (name, status) in enumerate(zip(TITLES, Status, strict=False)):
        points = 7.5 if status is Status.PASSED else 0.0
        case = finding(text, hidden=True) if status is Status.WRONG else None
        stages = [("embedding", True), (text, False), ("logits", False)] if case else []
        task = TaskResult(name, status, points, 7.5, text, case, stages, text, [text], i / 7)
        found.append(task)
    return SubmissionResult(
        student, text, "ab" * 32, text, [text] * 3, "", found, {"A": text, "B+": text}, 3.5
    )


def pages(given: SubmissionResult) -> Iterator[str]:
    yield page(given, TITLES)
    yield class_page([given, result()], TITLES)


def test_results_survive_json() -> None:
    given = result("any text")
    data = json.loads(json.dumps(given.to_dict()))
    assert (data["score"], data["max_score"]) == (7.5, 7.5 * 7)
    back = SubmissionResult.from_dict(data)
    assert back == given
    assert page(back, TITLES) == page(given, TITLES)


def test_pages_are_well_formed_and_show_every_status() -> None:
    for text in pages(result()):
        shown = Page(text).text
        for status in Status:
            assert status.value in shown
            assert SIGNS[status] in shown
    screen = terminal(result(), colour=False, width=80)
    assert all(status.value in screen for status in Status)


def test_a_students_page_tells_what_was_found() -> None:
    shown = Page(page(result(), TITLES)).text
    for text in ("Ada Lovelace", "7.5 of 52.5 points", "(0, 0, 1, 0)", "-0.35", "-0.30"):
        assert text in shown
    for text in ("hidden case", "first divergence", "ab" * 32, "B+", "For a human to look at"):
        assert text in shown
    assert "2 \N{MULTIPLICATION SIGN} 4 \N{MULTIPLICATION SIGN} 5" in shown


def test_what_others_wrote_stays_text() -> None:
    for text in pages(result(EVIL, student=EVIL)):
        page = Page(text)  # which knows no <script>, and no element out of its place
        assert "<script>alert(1)</script>" in page.text
        images = [attributes for tag, attributes in page.seen if tag == "img"]
        assert all((image["src"] or "").startswith("data:image/png;base64,") for image in images)
        assert not any(key.startswith("on") for _, attributes in page.seen for key in attributes)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
        assert "[31m" not in text
        assert "evil.example" not in page.text  # in a link to its page it is quoted


def test_pages_load_nothing_and_link_only_to_each_other() -> None:
    kills = kill_table([("rope", "halves", "pairs halves", "named")], TITLES)
    for text in (*pages(result(EVIL, student="../a b'\"<\u738b>")), kills):
        page = Page(text)
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        head = next(a for tag, a in page.seen if tag == "meta" and "http-equiv" in a)
        assert head == {"http-equiv": "Content-Security-Policy", "content": policy}
        assert "http://" not in text
        assert "https://" not in text
        assert "url(" not in text
        assert "@import" not in text
        for tag, attributes in page.seen:
            target = attributes.get("href") or "#"
            assert tag != "link"
            assert re.fullmatch(r"#[\w-]*|reports/[\w.%~-]+\.html", target, re.ASCII), target


def test_links_within_a_page_lead_somewhere() -> None:
    seen = Page(page(result(), TITLES)).seen
    ids = [attributes["id"] for _, attributes in seen if "id" in attributes]
    links = [(attributes["href"] or "")[1:] for tag, attributes in seen if tag == "a"]
    assert sorted(links) == sorted(filter(None, ids))
    assert len(set(ids)) == len(ids) == 4


@pytest.mark.parametrize("refused", ["", EVIL])
def test_a_report_exists_before_anything_was_run(refused: str) -> None:
    given = SubmissionResult("a", "a.zip", "", "plain", refused=refused)
    for text in pages(given):
        Page(text)
    assert "Refused" in page(given, TITLES) or not refused
    assert "0 of 0 points" in terminal(given, colour=False, width=80)
    assert exports.gradescope(given, TITLES, execution_time=0)["score"] == 0
    Page(class_page([], TITLES))
    assert exports.class_csv([], ["rope"]).count("\n") == 1


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[1;31mred\x1b[0m \x9b2Jcleared", "red cleared"),
        ("\x1b]0;title\x07\x1b]8;;x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]never ends", "never ends"),
        ("\x1bc\x1b(Breset", "reset"),
        ("10%\r20%\r\ndone\x85end\u2028", "10%\n20%\ndone\nend\n"),
        ("a\x00b\x07c\x7fd\x1b", "abcd"),
        ("exe.\u202egnp\u2066\u2069\u200f\ufeff", "exe.gnp"),
        ("\udcff caf\u00e9 \u738b", "\ufffd caf\u00e9 \u738b"),
        ("a\U000e0041b", "ab"),
    ],
)
def test_clean(given: str, cleaned: str) -> None:
    assert clean(given, 1000) == cleaned


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["a", "\x1b]", "\x9d", "\x1b[0", "\x1b[", "\x1b", "\u202e", "\n"])
def test_two_megabytes_are_cut(unit: str) -> None:
    flood = unit * (2_000_000 // len(unit))
    text = clean(flood, 1000)
    assert len(text) < 1100
    if unit == "a":
        assert text == "a" * 1000 + "\n[1,999,000 more characters cut]"


@pytest.mark.slow
def test_a_flood_leaves_every_report_small() -> None:
    given = result("<&`\U0001f600" * 20_000, student="\N{CJK UNIFIED IDEOGRAPH-738B}" * 20_000)
    given.intake = ["x" * 1000] * 10_000
    for text in pages(given):
        assert len(Page(text).text) < 300_000
    assert len(terminal(given, colour=True, width=80)) < 30_000
    assert len(exports.class_csv([given], list(TITLES))) < 10_000
    assert len(json.dumps(exports.gradescope(given, TITLES, execution_time=1))) < 2_000_000


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_terminal_holds_its_width(width: int) -> None:
    for given in (result(), result(EVIL), result("\u738b" * 500, student="\u738b" * 500)):
        text = terminal(given, colour=False, width=width)
        assert all(columns(line) <= width for line in text.split("\n")), text
        assert "\x1b" not in text
        assert "first at" in text
    coloured = terminal(result(EVIL), colour=True, width=width)
    assert set(re.findall("\x1b[^m]*m", coloured)) <= {f"\x1b[{n}m" for n in (0, 2, 31, 32, 33)}


def class_of(*causes: str) -> list[SubmissionResult]:
    """Students who got the same task wrong, for these causes."""
    given = [result(student=f"student {i}") for i in range(len(causes))]
    for one, cause in zip(given, causes, strict=True):
        wrong = next(task for task in one.tasks if task.finding is not None)
        assert wrong.finding is not None
        wrong.finding = replace(wrong.finding, cause=cause)
    return given


def test_a_class_is_told_known_causes_first_and_how_many_are_not() -> None:
    shown = Page(class_page(class_of("", "", "swapped axes", ""), TITLES)).text
    told = shown.split("What goes wrong most often")[1]
    assert told.startswith("StudentsLikely cause1Swapped axes")
    assert told.endswith("and 3 without a known cause\n")
    told = Page(class_page(class_of("swapped axes"), TITLES)).text
    assert "without a known cause" not in told


def test_an_unknown_cause_is_passed_over() -> None:
    (given,) = class_of("")
    wrong = next(task for task in given.tasks if task.finding is not None)
    assert any(text.startswith("output ") for text in details(wrong))
    told = json.dumps(exports.gradescope(given, TITLES, execution_time=0))
    for text in (page(given, TITLES), terminal(given, colour=False, width=100), told):
        assert "likely" not in text.lower()


def test_a_refused_submission_is_one_row_with_its_reason() -> None:
    given = result("message", student="Eve")
    given.refused = "no zip"
    for task in given.tasks:
        task.status, task.finding = Status.NOT_STARTED, None
    text = class_page([given, result()], TITLES)
    row = next(row for row in text.split("<tr>") if "reports/Eve.html" in row)
    count = len(given.tasks)
    assert row.count("<td") == 2
    assert f'<td colspan="{count}" class="cell wrong"><span>refused: no zip</span></td>' in row
    for told in (row, page(given, TITLES), terminal(given, colour=False, width=80)):
        assert "no zip" in told
        assert "not started" not in told


def test_who_was_late_is_marked() -> None:
    late = result(student="ada")
    late.intake.append("handed in late, says the file's name")
    seen = Page(class_page([late, result(student="bob")], TITLES))
    assert "ada late" in seen.text
    assert "bob late" not in seen.text


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (Tier("bubblewrap", ("Landlock", "seccomp")), None),
        (Tier("separate user", ()), None),
        (Tier("plain", ("Landlock", "seccomp")), None),
        (
            Tier("plain", ("Landlock", "seccomp"), root=True),
            "as root with only Landlock and seccomp",
        ),
        (Tier("plain", ("seccomp",)), "with only seccomp"),
        (Tier("plain", ()), "with only limits of time and memory"),
    ],
)
def test_a_poor_sandbox_is_warned_of(
    tier: Tier,
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(grader, "choose_tier", lambda tree, only: tier)
    made = grader.make_grader(b"secret")
    refused = Intake("eve", "eve.zip", refused="no zip")
    with Worker() as worker:
        given = made.grade(refused, worker)
    for text in (capsys.readouterr().err, *pages(given)):
        assert ("warning: submitted code runs " in text.lower().replace("</b>", "")) == bool(words)
        assert words is None or words in text


def test_the_selftest_says_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    minutes = round(400 * selftest.SECONDS / 2 / 60)
    assert selftest.estimate(400, 2) == f"400 submissions, about {minutes} min, 2 at a time"
    assert selftest.estimate(2, 8) == "2 submissions, about 1 min, 8 at a time"
    with pytest.raises(SystemExit):
        selftest.main(["--help"])
    assert f"{selftest.SECONDS:g} s a submission" in " ".join(capsys.readouterr().out.split())


def test_the_terminal_shows_the_first_failure() -> None:
    text = terminal(result(), colour=False, width=100)
    assert "7.5 of 52.5 points" in text
    assert "1 of 7 tasks" in text
    for line in ("    index     (0, 0, 1, 0)", "    likely    attended", "    diverges  first at"):
        assert line in text
    assert len(text.split("\n")) <= 40


def test_fit_counts_wide_characters_twice() -> None:
    assert fit("\u738b\u5c0f\u660e", 6) == "\u738b\u5c0f\u660e"
    assert fit("\u738b\u5c0f\u660e", 5) == "\u738b\u5c0f…"
    assert fit("abc", 0) == ""


def decode(data: bytes) -> np.ndarray:
    """The colours of a PNG file with a palette, as (height, width, 3)."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, place = {}, 8
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + size)
        assert checksum == zlib.crc32(name + body)
        chunks[name] = body
        place += size + 12
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind == [8, 3, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()  # no filter
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(256, 3)[rows[:, 1:]]


def test_a_picture_has_a_pixel_for_each_value() -> None:
    levels = picture(3, 5, 7).matrix()
    assert levels.shape == (15, 7)
    assert {0, 255} <= set(levels.flat)
    assert np.array_equal(decode(png.encode(levels)), png.palette()[levels])


def test_a_larger_error_is_lighter() -> None:
    lightness = png.palette() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness[55:]) > 0).all()
    assert lightness[0] < lightness[55]


@pytest.mark.parametrize("shape", [(), (61,), (24, 40), (2, 400, 7, 6), (3, 300), (1, 1)])
def test_tensors_of_every_shape_have_a_picture(shape: tuple[int, ...]) -> None:
    given = result()
    wrong = next(task for task in given.tasks if task.status is Status.WRONG)
    wrong.finding = Finding("case", "about", "output", (), "cause", picture(*shape))
    seen = Page(page(given, TITLES)).seen
    (alt,) = [attributes["alt"] for tag, attributes in seen if tag == "img" and attributes["alt"]]
    levels = picture(*shape).matrix()
    assert f"{(levels > 0).sum()} of {levels.size} values" in (alt or "")


def test_the_class_table_has_a_row_for_each_student() -> None:
    rows = list(csv.reader(io.StringIO(exports.class_csv([result(), result()], list(TITLES)))))
    heads, first, _ = rows
    named = dict(zip(heads, first, strict=True))
    assert (named["student"], named["score"], named["max"]) == ("Ada Lovelace", "7.5", "52.5")
    assert (named["rope points"], named["rope status"]) == ("7.5", "passed")
    assert (named["flags"], named["refused"]) == ("7", "")
    assert named["embedding status"] == ""  # nothing was found out about it


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\x1b[0m=1", "\u202e=1"],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    given = SubmissionResult(cell, f'x";{cell}\n,{cell}', "", "plain", refused=cell)
    text = exports.class_csv([given], [])
    student, source, *_, refused = list(csv.reader(io.StringIO(text)))[1]
    assert student.startswith("'")
    assert refused.startswith("'")
    assert not re.search(r";\s*[=+\-@\uff1d]", source)
    assert text.count("\r\n") == 2


def test_gradescope_gets_what_it_documents() -> None:
    given = exports.gradescope(result(EVIL), TITLES, execution_time=1.5)
    assert json.loads(json.dumps(given, allow_nan=False)) == given
    assert given.keys() == {
        "score",
        "execution_time",
        "output",
        "visibility",
        "stdout_visibility",
        "tests",
    }
    assert (given["score"], given["execution_time"]) == (7.5, 1.5)
    assert (given["visibility"], given["stdout_visibility"]) == ("visible", "hidden")
    assert [test["number"] for test in given["tests"]] == list("1234567")
    for test, status in zip(given["tests"], Status, strict=True):
        assert test["status"] == ("passed" if status is Status.PASSED else "failed")
        assert test["output_format"] == "md"
        assert test["visibility"] == "visible"
        assert test["tags"] == []
        assert 0 <= test["score"] <= test["max_score"] == 7.5
        assert test["output"].startswith(f"**{status.value}**\n\n````\n")
        assert test["output"].endswith("\n````")
        # The fence has more backticks than any line within it.
        assert "````" not in test["output"].split("\n````\n", 1)[1].removesuffix("\n````")


def test_the_kill_table_shows_survivors() -> None:
    rows = [(m.task, m.name, m.about, "named") for m in mistakes("rope")]
    rows += [("swiglu", "new", EVIL, "SURVIVED"), ("swiglu", "other", "is random", "killed")]
    page = Page(kill_table(rows, TITLES))
    chips = [a["class"] for _, a in page.seen if (a.get("class") or "").startswith("chip")]
    assert chips == ["chip passed"] * (len(rows) - 2) + ["chip wrong", "chip waiting"]
    for _, name, mistake, verdict in rows:
        assert name in page.text
        assert verdict in page.text
        assert mistake == EVIL or mistake in page.text


def test_colours_can_be_read() -> None:
    """WCAG 2.1, 1.4.3: text has a contrast of 4.5 at least, in light and in dark."""
    style = (PROJECT / "assignment" / "grading" / "pages" / "report.css").read_text(
        encoding="utf-8"
    )
    schemes = re.findall(r":root \{([^}]*--passed-tint[^}]*)\}", style)
    assert len(schemes) == 2

    def luminance(colour: str) -> float:
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

    pairs = [(ink, paper) for ink in ("ink", "soft", "accent") for paper in ("paper", "card")]
    pairs += [(name, f"{name}-tint") for name in ("passed", "wrong", "limit", "waiting")]
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", scheme))
        for ink, paper in [*pairs, ("wrong", "card")]:
            low, high = sorted((luminance(colours[ink]), luminance(colours[paper])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, paper)
