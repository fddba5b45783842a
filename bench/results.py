"""What a run found: samples for the raw file, tables for people, verdicts against the goals."""

import csv
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Results", "Table", "Verdict", "best_and_middle"]


@dataclass
class Table:
    """One printed table; the first column is text, the rest is aligned right."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """As Markdown with padded columns: readable as it is."""
        rows = [[*row, *[""] * (len(self.columns) - len(row))] for row in self.rows]
        widths = [max(len(str(row[at])) for row in [self.columns, *rows]) for at in range(len(self.columns))]
        rule = [("-" * width if at == 0 else "-" * (width - 1) + ":") for at, width in enumerate(widths)]
        lines = [f"## {self.title}", ""]
        for row in [self.columns, rule, *rows]:
            cells = [
                str(cell).ljust(width) if at == 0 else str(cell).rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", *self.notes, ""] if self.notes else [*lines, ""])


@dataclass(frozen=True)
class Verdict:
    """One goal of the project and what was measured; `met` says by which statistic."""

    what: str
    goal: str
    measured: str
    met: str


@dataclass
class Results:
    """Everything of one run."""

    samples: list[tuple[str, str, str, int, str, float]] = field(default_factory=list)
    """(bench, subject, case, round, quantity, value)"""
    tables: list[Table] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Files that did not hold exactly what was logged."""
    failures: dict[str, str] = field(default_factory=dict)
    """"bench: subject" -> why there are no figures."""
    counted: int = 0
    """Lines that were logged, looked for and found."""

    def take(self, bench: str, answer: dict[str, Any], shift: int = 0) -> None:
        """Keep a worker's samples; `shift` numbers the rounds on."""
        for subject, case, number, quantity, value in answer["samples"]:
            self.samples.append((bench, subject, case, number + shift, quantity, value))
        for line in answer["lines"]:
            self.counted += line["lines"]
            if not line["ok"]:
                self.lost.append(
                    f"{bench}: {line['subject']}: {line['lines']:,} lines found of {line['expected']:,} logged"
                )

    def add(self, bench: str, subject: str, case: str, quantity: str, values: Iterable[float]) -> None:
        """Keep numbers measured in this process."""
        self.samples.extend((bench, subject, case, number, quantity, value) for number, value in enumerate(values))

    def values(self, bench: str, subject: str, case: str, quantity: str) -> list[float]:
        """All rounds of one quantity, in order."""
        return [row[5] for row in self.samples if row[:3] == (bench, subject, case) and row[4] == quantity]

    def table(self, table: Table) -> None:
        """Keep and print."""
        self.tables.append(table)
        print(table.text(), flush=True)

    def judge(self, what: str, goal: str, pairs: Sequence[tuple[float, float]], shown: str) -> None:
        """Compare (measured, limit) by minima first, by medians second; measured must not exceed the limit."""
        met = [value <= limit for value, limit in pairs]
        if not met:
            word = "not measured"
        elif all(met):
            word = "yes"
        elif any(met):
            word = "by minima only" if met[0] else "by medians only"
        else:
            word = "NO"
        self.verdicts.append(Verdict(what, goal, shown if met else "-", word))

    def verdict_table(self) -> Table:
        """The goals on one page."""
        table = Table("Goals", ("what", "goal", "measured (best / median)", "met"))
        table.rows += [(row.what, row.goal, row.measured, row.met) for row in self.verdicts]
        table.notes.append(f"{self.counted:,} lines were counted in the files.")
        table.notes += [f"LOST: {line}" for line in self.lost]
        table.notes += [f"No figures: {name}: {why}" for name, why in self.failures.items()]
        return table

    def write_csv(self, path: Path) -> None:
        """One sample a row."""
        with path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(("bench", "subject", "case", "round", "quantity", "value"))
            out.writerows((*row[:5], f"{row[5]:.6g}") for row in self.samples)


def best_and_middle(values: Sequence[float]) -> tuple[float, float]:
    """Minimum and median."""
    return min(values), statistics.median(values)
