"""What comes out of a run: a table for people, JSON for programs, a picture for docs/results.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Measured, Work
from support.files import atomic_path, write_text

OURS, THEIRS = "#1f77b4", "#b0b0b0"


def summarise(work: Work, measured: Sequence[Measured]) -> dict[str, Any]:
    """A work's figures as plain data; contenders without a run are left out."""
    done = [entry for entry in measured if entry.runs]
    versus = next((entry for entry in done if entry.contender.name == work.versus), None)
    first = next(iter(done), None)
    return {
        "name": work.name,
        "about": work.about,
        "unit": work.unit,
        "as_time": work.as_time,
        "versus": work.versus,
        "contenders": [_figures(entry, versus, first) for entry in done],
    }


def _figures(entry: Measured, versus: Measured | None, first: Measured | None) -> dict[str, Any]:
    runs = list(entry.runs.values())
    rates = [run.units / run.seconds for run in runs]
    names = {name: [run.figures[name] for run in runs] for name in runs[0].figures}
    return {
        "name": entry.contender.name,
        "note": entry.contender.note,
        "ours": entry.contender.is_ours,
        "rates": rates,
        "rate": median(rates),
        "ratio": _ratio(entry, versus),
        "gb_per_s": median(run.bytes / run.seconds / 1e9 for run in runs),
        "gflop_per_s": median(run.flops / run.seconds / 1e9 for run in runs),
        "peak_mb": entry.peak_bytes / 1e6,
        "alike": None if first is None or entry is first else _alike(entry, first),
        "figures": {name: median(values) for name, values in names.items()},
    }


def _ratio(entry: Measured, versus: Measured | None) -> dict[str, float] | None:
    """How many times as fast as the named peer, taken within each round that both ran in."""
    if versus is None:
        return None
    ratios = [
        (entry.runs[n].units / entry.runs[n].seconds)
        / (versus.runs[n].units / versus.runs[n].seconds)
        for n in entry.runs.keys() & versus.runs.keys()
    ]
    if not ratios:
        return None
    return {"median": median(ratios), "min": min(ratios), "max": max(ratios)}


def _alike(entry: Measured, first: Measured) -> str | None:
    """How much of the result equals the first contender's, as far as both go: `37/200`."""
    got = next(iter(entry.runs.values())).result
    expected = next(iter(first.runs.values())).result
    pairs = list(zip(got, expected, strict=False))
    return f"{sum(a == b for a, b in pairs)}/{len(pairs)}" if pairs else None


def table(work: dict[str, Any]) -> str:
    """A work's figures for people."""
    shown = f"ms/{work['unit'].removesuffix('s')}" if work["as_time"] else f"{work['unit']}/s"
    head = ["", shown, "spread", f"x {work['versus']}", "GB/s", "GFLOP/s", "peak MB", "alike"]
    rows = [head, *(_row(entry, work["as_time"]) for entry in work["contenders"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [f"{work['name']}: {work['about']}"]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row, widths, strict=True))]
        del cells[1]
        lines.append("  " + "  ".join(cells).rstrip())
    for entry in work["contenders"]:
        figures = ", ".join(f"{name} {value:.3g}" for name, value in entry["figures"].items())
        more = "; ".join(part for part in (figures, entry["note"]) if part)
        if more:
            lines.append(f"  {entry['name']}: {more}")
    return "\n".join(lines)


def _row(entry: dict[str, Any], as_time: bool) -> list[str]:
    values = [1e3 / rate if as_time else rate for rate in entry["rates"]]
    ratio = entry["ratio"]
    return [
        entry["name"],
        f"{median(values):,.1f}",
        f"{min(values):,.1f}-{max(values):,.1f}",
        f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})" if ratio else "-",
        f"{entry['gb_per_s']:.1f}" if entry["gb_per_s"] else "-",
        f"{entry['gflop_per_s']:.1f}" if entry["gflop_per_s"] else "-",
        f"{entry['peak_mb']:,.0f}" if entry["peak_mb"] else "-",
        entry["alike"] or "-",
    ]


def write_json(path: Path, contents: dict[str, Any]) -> None:
    write_text(path, json.dumps(contents, indent=2) + "\n")


def draw(path: Path, contents: dict[str, Any]) -> bool:
    """A bar for each contender, as PNG; False where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    works = [work for work in contents["works"] if work["contenders"]]
    if not works:
        return False
    counts = [len(work["contenders"]) for work in works]
    figure = Figure(figsize=(8, 0.9 * len(works) + 0.28 * sum(counts)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(contents), fontsize=9)
    grid = figure.subplots(len(works), 1, height_ratios=counts, squeeze=False)
    for axes, work in zip(grid[:, 0], works, strict=True):
        _draw_work(axes, work)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return True


def _draw_work(axes: Any, work: dict[str, Any]) -> None:
    entries = work["contenders"][::-1]  # the first on top
    samples = [[1e3 / r if work["as_time"] else r for r in entry["rates"]] for entry in entries]
    values = [median(sample) for sample in samples]
    spread = [
        [value - min(sample) for value, sample in zip(values, samples, strict=True)],
        [max(sample) - value for value, sample in zip(values, samples, strict=True)],
    ]
    bars = axes.barh(
        [entry["name"] for entry in entries],
        values,
        xerr=spread,
        color=[OURS if entry["ours"] else THEIRS for entry in entries],
        ecolor="#404040",
    )
    axes.bar_label(bars, [f" {value:,.3g}" for value in values], fontsize=8)
    axes.margins(x=0.12)
    axes.tick_params(labelsize=8)
    unit = "milliseconds, less is better" if work["as_time"] else f"{work['unit']}/s"
    axes.set_title(f"{work['name']} ({unit}): {work['about']}", fontsize=8, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _title(contents: dict[str, Any]) -> str:
    machine, limits = contents["machine"], contents["limits"]
    return (
        f"{contents['subject']}, {contents['model']}: {machine['cpu']} ({machine['capability']}), "
        f"{contents['threads']} threads, torch {machine['torch']}\n"
        f"reads {limits['read_gb_per_s']:.0f} GB/s, multiplies "
        f"{limits['float32_gflop_per_s']:.0f} GFLOP/s; median and range of {contents['rounds']} "
        "rounds in turn"
    )
