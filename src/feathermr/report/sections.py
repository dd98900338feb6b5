"""The parts of the page, each from the records to HTML."""

from feathermr.report import palettes
from feathermr.report.markup import color_bar, definitions, figure, options, row, sentences
from feathermr.report.sampling_view import SamplingView
from feathermr.report.shown import REFERENCE, Shown
from feathermr.report.viewer import PHASE_THRESHOLD, shows_phase


def images_section(shown: Shown) -> str:
    """Magnitudes, their zoom, error maps and their zoom, in rows of the same order."""
    caption = shown.window.caption
    magnitudes = [
        figure(name, image=f"magnitude-{index}", view="whole", label=f"{name}, magnitude")
        for index, name in enumerate(shown.names)
    ]
    zooms = [
        figure(name, image=f"magnitude-{index}", view="zoom", label=f"{name}, magnitude, magnified")
        for index, name in enumerate(shown.names)
    ]
    hint = "drag or tap an image to move the zoom; arrow keys when it has the focus"
    rows = [row("Magnitude", f"{caption}; {hint}", magnitudes), row("Zoom", caption, zooms)]
    return "".join(rows) + (_error_rows(shown) if shown.errors else "")


def _error_rows(shown: Shown) -> str:
    upper = shown.window.upper / shown.window.gain
    ticks = ["0", f"{upper / 2:.3g}", f"{upper:.3g}"]
    legend = (
        '<div class="legend-cell"><p>Error: | |image| − |reference| |</p>'
        f"{color_bar(palettes.css_gradient(palettes.heat()), ticks)}"
        f"<p>The gain of {shown.window.gain} means that an error of {upper:.3g}, "
        f"1/{shown.window.gain} of the window, has the brightest colour; "
        "larger errors look the same.</p></div>"
    )
    rows = []
    for title, view in (("Error", "whole"), ("Error, zoom", "zoom")):
        cells = [
            figure(name, image=f"error-{index}", view=view, label=f"{name}, error map, {view}")
            for index, name in enumerate(shown.names)
            if name != REFERENCE
        ]
        rows.append(row(title, shown.window.error_caption, [legend, *cells]))
        legend = '<div class="legend-cell"></div>'
    return "".join(rows)


def swipe_section(shown: Shown) -> str:
    """One image over another, uncovered by a slider; nothing when there is only one."""
    if len(shown.names) < 2:
        return ""
    last = len(shown.names) - 1
    left = 0 if shown.names[0] == REFERENCE or last < 2 else last - 1
    return (
        '<section id="swipe"><h2>Swipe</h2><div class="choices">'
        f'<label>Left <select id="swipe-left">{options(shown.names, selected=left)}</select>'
        f'</label><label>Right <select id="swipe-right">{options(shown.names, selected=last)}'
        '</select></label></div><div class="view" id="swipe-view">'
        f'<canvas data-image="magnitude-{last}" data-view="whole" id="swipe-below" role="img" '
        'aria-label="right image"></canvas>'
        f'<canvas data-image="magnitude-{left}" data-view="whole" id="swipe-above" role="img" '
        'aria-label="left image"></canvas><i class="handle"></i></div>'
        '<input type="range" id="swipe-cut" min="0" max="100" step="0.5" value="50" '
        'aria-label="Boundary between the left and the right image">'
        f'<p class="note">{shown.window.caption}</p></section>'
    )


def phase_section(shown: Shown) -> str:
    """Phase of every complex image at the middle frame; nothing when none is complex."""
    indices = shows_phase(shown)
    if not indices:
        return ""
    middle = shown.selection.frames[len(shown.selection.frames) // 2]
    frame = f"frame {middle + 1}; " if shown.selection.n_frames > 1 else ""
    cells = [
        figure(shown.names[index], image=f"phase-{index}", view="whole", label="Phase")
        for index in indices
    ]
    absent = [name for index, name in enumerate(shown.names) if index not in indices]
    notes = [f"{name} has no phase: it is a magnitude image." for name in absent]
    bar = color_bar(palettes.css_gradient(palettes.phase()[1:]), ["−π", "0", "π"])
    detail = (
        f"{frame}black where the magnitude is below {100 * PHASE_THRESHOLD:.0f} % of the window"
    )
    return (
        f'<section id="phase"><h2>Phase</h2>{row("Angle in radians", detail, cells)}{bar}'
        f"{sentences(notes)}</section>"
    )


def sampling_section(sampling: SamplingView) -> str:
    """The mask, its course over time, the samples."""
    axis = sampling.phase_axis
    frame = f"frame {sampling.frame + 1}, " if sampling.course is not None else ""
    cells = [figure("Mask", image="mask", view="whole", label="Mask", detail="white: sampled")]
    if sampling.course is not None:
        cells.append(
            figure(
                f"Mask, k{axis}-t",
                image="course",
                view="stretched",
                label="Sampled share of each line over time",
                detail=f"k{axis} down, frame to the right; grey: share of the line",
            )
        )
    cells.append(
        figure(
            "k-space, log magnitude",
            image="kspace",
            view="whole",
            label="Log magnitude of k-space",
            detail=f"{frame}coils combined; {sampling.floor:.0f} to 0 dB of "
            "the peak; black: not sampled",
        )
    )
    facts = definitions(
        [
            ("Achieved acceleration", f"{sampling.acceleration:.3g}"),
            ("Pattern", f"whole lines, skipped along {axis}" if sampling.whole_lines else "points"),
            ("Center lines", f"{sampling.center} in every frame" if sampling.center else ""),
        ]
    )
    return f'<section id="sampling"><h2>Sampling</h2>{facts}{row("", "", cells)}</section>'
