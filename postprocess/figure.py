# SPDX-License-Identifier: BSD-3-Clause
"""How all figures look, and how they are saved: each one wide, for files and screens, and once more narrow, for phones.

Colours are those of Okabe & Ito (2008), which the colour-blind can tell apart. Each has a marker and a line style of its own, so
a grey print can be read.
"""
import base64
import io
import os
import textwrap
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib import ticker  # noqa: E402

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A")
MARKERS = "osD^vPX"
LINES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)), (0, (3, 1)))
GREY = "#5f6670"
INK = "#22262b"

plt.rcParams.update({
    "font.family": ["DejaVu Sans"], "font.size": 9, "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.labelsize": 9, "axes.edgecolor": "#9aa1a9", "axes.labelcolor": INK, "text.color": INK, "xtick.color": GREY,
    "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e8eb",
    "grid.linewidth": 0.7, "axes.axisbelow": True, "axes.linewidth": 0.8, "lines.linewidth": 1.6, "lines.markersize": 5,
    "legend.frameon": False, "legend.fontsize": 8.5, "figure.dpi": 100, "savefig.dpi": 160, "svg.hashsalt": "haloscope",
    "hatch.linewidth": 0.6, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5})


@dataclass(frozen=True)
class Layout:
    """How much room there is."""

    width: float  # inches
    columns: int  # of panels
    narrow: bool

    def panels(self, count, height, columns=None, titles=(), **options):
        """A figure of so many panels of a height [inches] each, and these as a list; long titles get lines of their own."""
        columns = min(count, 1 if self.narrow else columns or self.columns)
        rows = -(-count // columns)
        wrapped = [textwrap.fill(title, max(16, int(11.5 * self.width / columns) - 4)) for title in titles]
        height += 0.17 * max((title.count("\n") for title in wrapped), default=0)
        figure, axes = plt.subplots(rows, columns, figsize=(self.width, height * rows), squeeze=False, layout="constrained",
                                    **options)
        axes = list(axes.flat)
        for spare in axes[count:]:
            spare.set_visible(False)
        for axis, title in zip(axes, wrapped):
            axis.set_title(title)
        return figure, axes[:count]


WIDE = Layout(9.4, 3, False)
NARROW = Layout(3.7, 1, True)


@dataclass
class Figure:
    """One figure of the page."""

    name: str
    wide: str      # SVG as a data URI
    narrow: str
    sentence: str  # what it shows, computed
    title: str = ""
    repeats: str = ""


@dataclass(frozen=True)
class Style:
    colour: object
    marker: str
    line: object

    def options(self):
        return {"color": self.colour, "marker": self.marker, "linestyle": self.line, "markeredgecolor": "white",
                "markeredgewidth": 0.6}


def styles(labels, ordered=False):
    """{label: style}; an ordered variable goes from light to dark instead."""
    count = max(1, len(labels) - 1)
    if ordered:
        shades = plt.get_cmap("viridis_r")
        return {label: Style(shades(0.15 + 0.8 * i / count), MARKERS[i % 7], "-") for i, label in enumerate(labels)}
    return {label: Style(COLOURS[i % 7], MARKERS[i % 7], LINES[(i + i // 7) % 7]) for i, label in enumerate(labels)}


def save(name, draw, folder, sentence, title="", repeats=""):
    """Draws figures/NAME.svg and .png, and what the page shows. `draw(layout)` gives a matplotlib figure."""
    os.makedirs(folder, exist_ok=True)
    texts = []
    for layout in (WIDE, NARROW):
        figure = draw(layout)
        text = io.BytesIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": "haloscope report"})
        texts.append(text.getvalue())
        if layout is WIDE:
            with open(os.path.join(folder, f"{name}.svg"), "wb") as file:
                file.write(texts[0])
            figure.savefig(os.path.join(folder, f"{name}.png"), format="png", metadata={"Software": "haloscope report"})
        plt.close(figure)
    return Figure(name, *("data:image/svg+xml;base64," + base64.b64encode(text).decode() for text in texts), sentence, title,
                  repeats)


def ranks_axis(axis, ranks):
    """Ranks on a logarithmic axis, each of them named."""
    axis.set_xscale("log", base=2)
    ranks = sorted(set(ranks))
    named = ranks if len(ranks) <= 8 else ranks[:: -(-len(ranks) // 8)]
    axis.set_xticks(named, [str(p) for p in named])
    axis.xaxis.set_minor_locator(ticker.NullLocator())
    axis.set_xlim(ranks[0] / 1.25, ranks[-1] * 1.25)
    axis.set_xlabel("ranks")


def plain_logarithm(axis):
    """A logarithmic y axis with plain numbers, three or more of them."""
    axis.set_yscale("log")
    plain = ticker.FuncFormatter(lambda value, _: f"{value:g}")
    few = axis.dataLim.y1 / axis.dataLim.minposy < 30
    axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.yaxis.set_major_formatter(plain)
    axis.yaxis.set_minor_formatter(ticker.NullFormatter())
    if few:
        axis.yaxis.set_minor_locator(ticker.NullLocator())


def legend_above(figure, handles, layout):
    """One legend over all panels, for which the figure grows."""
    room_for = int((layout.width * 72 - 46) / 5.2)  # characters
    for handle in handles:
        handle.set_label(textwrap.fill(handle.get_label(), room_for))
    longest = max(len(line) for handle in handles for line in handle.get_label().split("\n"))
    lines = max(handle.get_label().count("\n") for handle in handles) + 1
    columns = min(len(handles), max(1, int(layout.width * 72 / (5.0 * longest + 46))))
    room = 0.1 + (0.05 + 0.135 * lines) * -(-len(handles) // columns)  # inches
    height = figure.get_figheight() + room
    figure.set_figheight(height)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - room / height))
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1), ncol=columns, handlelength=2.6, columnspacing=1.4,
                  borderaxespad=0.1)
