"""The curves of a training as a picture."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from feathermr.core.atomic import written_file
from feathermr.training.run_folder import RunFolder, series


def draw_curves(folder: RunFolder, title: str) -> Path:
    """Loss of training and validation, and the validation's PSNR, over the steps."""
    rows = folder.rows()
    figure = Figure(figsize=(9, 3.6))
    canvas = FigureCanvasAgg(figure)
    loss, quality = figure.subplots(1, 2)
    for part, colour in (("train", "tab:blue"), ("validation", "tab:orange")):
        values = series(rows, part, "loss")
        if values:
            loss.plot(list(values), list(values.values()), color=colour, label=part)
    if loss.lines:
        loss.legend()
    if all(row.value > 0 for row in rows if row.name == "loss"):
        loss.set_yscale("log")
    loss.set_ylabel("loss")
    peak = series(rows, "validation", "psnr")
    quality.plot(list(peak), list(peak.values()), color="tab:orange")
    quality.set_ylabel("PSNR of the validation [dB]")
    for axes in (loss, quality):
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.14, top=0.9)
    with written_file(folder.curves) as beside:
        canvas.print_png(str(beside))
    return folder.curves
