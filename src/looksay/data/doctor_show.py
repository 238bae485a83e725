"""A checkup on the terminal: a table of the kinds of faults, with the first places of each, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from looksay.data.doctor_findings import KINDS, Checkup, Finding, Severity

STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "cyan"}
EXAMPLES = 3


def show(checkup: Checkup, console: Console, *, examples: int = EXAMPLES) -> None:
    """Facts, then one row for each kind of fault: how many, what, the first `examples` places, what --fix would do about it."""
    for line in checkup.facts.lines():
        console.print(escape(line), highlight=False)
    if checkup.findings:
        console.print()
        console.print(_table(checkup, examples))
    console.print()
    console.print(Text(checkup.summary(), style="bold green" if checkup.ok else "bold red"))
    hidden = sum(max(0, count - examples) for count in checkup.counts.values())
    if hidden:
        console.print(f"{hidden:,} findings are not shown; --json lists all of them", style="dim", highlight=False)
    if any(finding.fix and finding.severity != "note" for finding in checkup.findings):
        console.print("--fix OUT writes a mended copy, and leaves the original as it is", style="dim", highlight=False)


def _table(checkup: Checkup, examples: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 1, 0), expand=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for kind in _kinds(checkup):
        found = checkup.of_kind(kind)
        severity = found[0].severity
        count = Text(f"{len(found):,}", style=STYLES[severity])
        table.add_row(count, _cell(kind, severity, found, examples))
    return table


def _kinds(checkup: Checkup) -> list[str]:
    """Errors first, then as in the table of kinds."""
    worst = {finding.kind: list(STYLES).index(finding.severity) for finding in reversed(checkup.findings)}
    order = list(KINDS)
    return sorted(checkup.counts, key=lambda kind: (worst[kind], order.index(kind)))


def _cell(kind: str, severity: Severity, found: Sequence[Finding], examples: int) -> Text:
    cell = Text()
    cell.append(severity, style=STYLES[severity])
    cell.append(f"  {KINDS[kind].title}", style="bold")
    cell.append(f"  {kind}", style="dim")
    for finding in found[:examples]:
        cell.append("\n")
        if finding.where:
            cell.append(f"{finding.where}: ", style="dim")
        cell.append(finding.what)
    if len(found) > examples:
        cell.append(f"\n… and {len(found) - examples:,} more", style="dim")
    if found[0].mend:
        cell.append("\nto mend: ", style="green")
        cell.append(found[0].mend)
    if severity != "note":
        cell.append("\n--fix: ", style="green")
        cell.append(KINDS[kind].fix or "leaves it to you")
    return cell
