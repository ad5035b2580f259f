"""HTML from Markdown tables and figures, in one file that needs nothing else."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STYLE = """
:root { color-scheme: light; --line: #d8dde3; --soft: #f5f7f9; --ink: #1c2733; --accent: #0b6bcb; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: #fff;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 .25rem; font-size: 1.7rem; } h2 { margin: 2.5rem 0 .5rem; font-size: 1.25rem; }
p { max-width: 46rem; } .source { color: #566573; font-size: .85rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: left; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { background: var(--soft); border-top: 0; font-weight: 600; } td.right, th.right { text-align: right; }
th, td { overflow-wrap: normal; } td:first-child { white-space: normal; min-width: 10rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 0 2rem; }
@media (max-width: 40rem) {
 th, td { white-space: normal; padding: .3rem .45rem; } td:first-child { min-width: 6rem; }
}
nav a { margin-right: .9rem; white-space: nowrap; } a { color: var(--accent); }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; max-width: 46rem; display: block; }
figcaption { color: #566573; font-size: .85rem; max-width: 46rem; }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it, HTML already."""

    title: str
    body: str

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """A whole page; title and lead are plain text."""
    links = "".join(f'<a href="#{s.anchor}">{html.escape(s.title)}</a>' for s in sections)
    bodies = "".join(f'<h2 id="{s.anchor}">{html.escape(s.title)}</h2>\n{s.body}\n' for s in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>{html.escape(title)}</h1>\n{paragraph(lead)}\n<nav>{links}</nav>\n{bodies}</body></html>\n"
    )


def paragraph(text: str, *, kind: str = "") -> str:
    """Plain text as a paragraph; `kind` is a class of STYLE."""
    return f'<p class="{kind}">{html.escape(text)}</p>' if kind else f"<p>{html.escape(text)}</p>"


def table(markdown: str) -> str:
    """A Markdown table, as the to_table functions write it, as HTML."""
    head, rule, *rows = [_cells(line) for line in markdown.strip().splitlines()]
    sides = ["right" if cell.endswith(":") else "" for cell in rule]
    body = "".join(_row(cells, sides, "td") for cells in rows)
    return (
        f'<div class="scroll"><table><thead>{_row(head, sides, "th")}</thead><tbody>{body}</tbody></table></div>'
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _row(cells: Sequence[str], sides: Iterable[str], tag: str) -> str:
    parts = [
        f'<{tag} class="{side}">{html.escape(cell)}</{tag}>' if side else f"<{tag}>{html.escape(cell)}</{tag}>"
        for cell, side in zip(cells, sides, strict=False)
    ]
    return f"<tr>{''.join(parts)}</tr>"


def figures(body: str) -> str:
    """Figures beside each other where there is room."""
    return body and f'<div class="figures">{body}</div>'


def figure(drawing: object, caption: str) -> str:
    """A figure of matplotlib as inline SVG, the same bytes for the same drawing."""
    import matplotlib as mpl

    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "asmnet-edge", "svg.fonttype": "none"}):
        drawing.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")  # type: ignore[attr-defined]
    svg = file.getvalue()
    svg = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", svg[svg.index("<svg") :], count=1)
    svg = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return f"<figure>{svg}<figcaption>{html.escape(caption)}</figcaption></figure>"
