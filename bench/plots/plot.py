"""Draws the results of a run as bar charts, one SVG and PNG file per engine.

plot.py FOLDER      reads FOLDER/results.json
"""

import json
import sys
from io import BytesIO
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.patches import Patch
from PIL import Image

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}
SUBJECT, LIMIT = "#d9480f", "#ced4da"
LANGUAGES = {"Rust": "#5c677d", "Python": "#3b7ea1", "Node": "#6a994e"}
INK, FAINT = "#212529", "#868e96"
BAR = 0.30  # inches
HEAD = 0.95  # inches above and below a panel's bars

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        # Keep text as text, which is smaller and searchable.
        "svg.fonttype": "none",
        "svg.hashsalt": "chatkeep",
        "text.color": INK,
        "axes.labelcolor": FAINT,
        "xtick.color": FAINT,
        "ytick.color": INK,
    }
)


def title_of(result):
    callers = result["callers"]
    return {
        "log": (
            "Log a message, " + ("one caller" if callers == 1 else f"{callers} callers"),
            "messages/s",
        ),
        "verify": ("Check a token", "checks/s"),
        "page": ("Read the newest 100 messages", "pages/s"),
        "bulk": ("Log 1,000 messages in one call", "messages/s"),
    }[result["path"]]


def entries_of(result):
    """Returns the entries with results, fastest last, because bars are drawn from the bottom."""
    found = [entry for entry in result["entries"] if entry["rates"] and not entry["failure"]]
    return sorted(found, key=lambda entry: median(entry["rates"]))


def colour_of(entry):
    if entry["role"] == "subject":
        return SUBJECT
    return LIMIT if entry["role"] == "limit" else LANGUAGES.get(entry["language"], FAINT)


def figure_of(rate):
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:,.1f}"


def factor_of(entry, subject):
    """Returns the speed of the subject relative to the entry: the median over the rounds."""
    if subject is None or entry["role"] == "subject":
        return ""
    factor = median(ours / theirs for ours, theirs in zip(subject["rates"], entry["rates"]))
    return f"  {factor:,.2f}x" if factor < 10 else f"  {factor:,.0f}x"


def subject_of(entry, entries):
    """Returns the subject to compare with: chatkeep in the same language, or else in Rust."""
    found = {
        other["language"]: other
        for other in entries
        if other["role"] == "subject" and other["label"] == "chatkeep"
    }
    return found.get(entry["language"], found.get("Rust"))


def label_of(entry):
    foreign = entry["role"] == "subject" and entry["language"] != "Rust"
    return f"{entry['label']} ({entry['language']})" if foreign else entry["label"]


def draw_panel(axes, result):
    entries = entries_of(result)
    rates = [median(entry["rates"]) for entry in entries]
    longest = max((max(entry["rates"]) for entry in entries), default=1)
    for position, (entry, rate) in enumerate(zip(entries, rates)):
        limit = entry["role"] == "limit"
        axes.barh(
            position,
            rate,
            height=0.68,
            color=colour_of(entry),
            hatch="////" if limit else None,
            edgecolor="white",
            linewidth=0,
            zorder=2,
        )
        low, high = min(entry["rates"]), max(entry["rates"])
        axes.plot([low, high], [position, position], color=INK, linewidth=0.9, alpha=0.55, zorder=3)
        weight = "bold" if entry["role"] == "subject" else "normal"
        text = axes.annotate(
            figure_of(rate),
            (max(rate, high), position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontweight=weight,
        )
        axes.annotate(
            factor_of(entry, subject_of(entry, entries)),
            (1, 0.5),
            xycoords=text,
            va="center",
            color=FAINT,
            fontsize=8,
        )
    title, unit = title_of(result)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=8)
    axes.set_title(unit, loc="right", fontsize=8.5, color=FAINT, pad=8)
    axes.set_yticks(range(len(entries)), [label_of(entry) for entry in entries])
    for label, entry in zip(axes.get_yticklabels(), entries):
        if entry["role"] == "subject":
            label.set_fontweight("bold")
            label.set_color(SUBJECT)
    axes.set_ylim(-0.6, len(entries) - 0.4)
    # Space for the labels to the right of the bars.
    axes.set_xlim(0, longest * 1.3)
    axes.tick_params(length=0)
    axes.set_xticks([])
    for spine in ("top", "right", "bottom"):
        axes.spines[spine].set_visible(False)
    axes.spines["left"].set_color(FAINT)


def draw(record, engine, folder):
    results = [
        result for result in record["results"] if result["engine"] == engine and entries_of(result)
    ]
    if not results:
        return
    columns = 2 if len(results) > 1 else 1
    rows = [results[index : index + columns] for index in range(0, len(results), columns)]
    heights = [max(len(entries_of(result)) for result in row) * BAR + HEAD for row in rows]
    top, bottom = 0.95, 0.35
    width, height = 7.4 * columns, sum(heights) + top + bottom
    figure = plt.figure(figsize=(width, height))
    above = height - top
    for row, tall in zip(rows, heights):
        for column, result in enumerate(row):
            bars = len(entries_of(result)) * BAR
            left = (column * 7.4 + 2.3) / width
            box = (left, (above - 0.45 - bars) / height, 4.9 / width, bars / height)
            draw_panel(figure.add_axes(box), result)
        above -= tall
    quick = ", a quick run" if record["quick"] else ""
    figure.text(
        0.25 / width, (height - 0.38) / height, ENGINES[engine], fontsize=17, fontweight="bold"
    )
    figure.text(
        0.25 / width,
        (height - 0.66) / height,
        f"Durable on both sides, same disk and schema. Median of {record['rounds']} rounds in turns{quick}; "
        "thin lines reach from the slowest to the fastest. In grey: speed of chatkeep relative to the entry, "
        "in the same language if available.",
        color=FAINT,
    )
    shown = {
        entry["language"]
        for result in results
        for entry in entries_of(result)
        if entry["role"] == "peer"
    }
    handles = [Patch(color=SUBJECT, label="chatkeep")]
    handles += [
        Patch(color=colour, label=name) for name, colour in LANGUAGES.items() if name in shown
    ]
    if any(entry["role"] == "limit" for result in results for entry in result["entries"]):
        handles.append(Patch(facecolor=LIMIT, hatch="////", edgecolor="white", label="limit"))
    figure.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=((width - 0.2) / width, (height - 0.12) / height),
        ncols=len(handles) if columns > 1 else 2,
        frameon=False,
    )
    # Without the date, so that the same results produce the same file.
    figure.savefig(folder / f"{engine}.svg", metadata={"Date": None})
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    plt.close(figure)
    # A small palette is sufficient and reduces the size to a quarter.
    Image.open(picture).convert("RGB").quantize(64).save(folder / f"{engine}.png", optimize=True)


def main():
    folder = Path(sys.argv[1])
    record = json.loads((folder / "results.json").read_text())
    for engine in ENGINES:
        draw(record, engine, folder)


if __name__ == "__main__":
    main()
