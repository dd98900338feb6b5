"""The tables of an evaluation: one a mask, from entries or from a stored file."""

from collections.abc import Sequence
from pathlib import Path

from feathermr.core.atomic import written_file
from feathermr.recon.evaluation import Entry, read
from feathermr.report.table import Row, score_table, to_markdown


def evaluation_tables(entries: Sequence[Entry]) -> dict[str, tuple[Row, ...]]:
    """Rows by the mask's name; seconds are the mean over scans."""
    tables = {}
    for mask in dict.fromkeys(entry.mask for entry in entries):
        chosen = [entry for entry in entries if entry.mask == mask]
        seconds = {
            method: sum(entry.seconds[method] for entry in chosen) / len(chosen)
            for method in chosen[0].seconds
        }
        tables[mask] = score_table((s for entry in chosen for s in entry.scores), seconds=seconds)
    return tables


def write_evaluation_table(stored: Path, path: Path) -> Path:
    """Write the tables of a stored evaluation as Markdown."""
    entries = read(stored)
    parts = ["# Evaluation\n"]
    for mask, rows in evaluation_tables(entries).items():
        of_mask = [entry for entry in entries if entry.mask == mask]
        achieved = sum(entry.acceleration for entry in of_mask) / len(of_mask)
        score = of_mask[0].scores[0]
        origins = ", ".join(sorted({entry.origin for entry in of_mask}))
        parts.append(
            f"## {mask}\n\n{len(of_mask)} scans ({origins}), achieved acceleration "
            f"{achieved:.2f}; policy {score.policy}, alignment {score.alignment}.\n"
        )
        parts.append(to_markdown(rows))
    with written_file(path) as beside:
        beside.write_text("\n".join(parts))
    return path
