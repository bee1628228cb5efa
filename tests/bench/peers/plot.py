"""The picture of the comparison: two bars for each system, readable on light and on dark pages."""

from collections.abc import Iterator, Mapping
from html import escape

from tests.bench.peers.report import Figure, Figures, short

#: The figures that are drawn, with their titles, and where each panel begins.
PANELS = (
    ("completed_per_second", "operations completed a second (more is better)", 260),
    ("cpu_per_operation", "processor time an operation, ms (less is better)", 640),
)

#: Lengths in pixels: the picture, a panel's bars, a row, a bar, and what stands above the rows.
WIDTH, LENGTH, ROW, BAR, HEAD = 960, 240, 30, 16, 56

#: By their names all that is ours stands out.
OURS = "Turnup"

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 12px; fill: #59636e }
.ours { font-weight: 600 }
.bar { fill: #9aa7b4 } .bar.ours { fill: #1a7f64 }
.spread, .axis { stroke: #59636e; stroke-width: 1 } .axis { opacity: .5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .title { fill: #9198a1 }
  .bar { fill: #57606a } .bar.ours { fill: #2fb38e }
  .spread, .axis { stroke: #b1bac4 }
}
"""


def draw(found: Mapping[str, Figures], note: str) -> str:
    """Return the picture of these systems, from above in the order in which they are given."""
    height = HEAD + ROW * len(found) + ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Turnup and its peers</title>",
        f"<style>{STYLE}</style>",
        *_names(found),
    ]
    for figure, title, left in PANELS:
        figures = {name: each[figure] for name, each in found.items()}
        lines += [f'<text class="title" x="{left}" y="{HEAD - 22}">{title}</text>']
        lines += _bars(figures, left)
    lines += [f'<text class="title" x="12" y="{height - 8}">{escape(note)}</text>', "</svg>", ""]
    return "\n".join(lines)


def _names(found: Mapping[str, Figures]) -> Iterator[str]:
    """Give the names of the systems, in front of the first panel."""
    for row, name in enumerate(found):
        y = HEAD + ROW * row + BAR - 3
        yield f'<text class="{_kind(name)}" x="{PANELS[0][2] - 12}" y="{y}" text-anchor="end">{escape(name)}</text>'


def _bars(figures: Mapping[str, Figure], left: int) -> Iterator[str]:
    """Give a panel: bars from zero, with what was measured beside them and the spread across their ends."""
    scale = LENGTH / max(figure.most for figure in figures.values())
    bottom = HEAD + ROW * len(figures) - ROW + BAR + 4
    yield f'<line class="axis" x1="{left}" y1="{HEAD - 4}" x2="{left}" y2="{bottom}"/>'
    for row, (name, figure) in enumerate(figures.items()):
        y = HEAD + ROW * row
        width, least, most = (scale * each for each in (figure.median, figure.least, figure.most))
        middle = y + BAR / 2
        yield f'<rect class="bar {_kind(name)}" x="{left}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        yield (
            f'<line class="spread" x1="{left + least:.1f}" y1="{middle}" '
            f'x2="{left + most:.1f}" y2="{middle}"/>'
        )
        yield (
            f'<text class="{_kind(name)}" x="{left + max(width, most) + 8:.1f}" y="{y + BAR - 3}">'
            f"{short(figure.median)}</text>"
        )


def _kind(name: str) -> str:
    """Return the class of ours, and of others none."""
    return "ours" if name.startswith(OURS) else "other"
