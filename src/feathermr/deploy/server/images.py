"""Images of a worker as messages: with position, orientation, time, and how they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator

import ismrmrd
import numpy as np
import numpy.typing as npt
from ismrmrd.hdf5 import image_header_dtype

from feathermr.acquisition.mrd_header import MrdHeader
from feathermr.deploy.server.jobs import Answer
from feathermr.deploy.server.plan import Task
from feathermr.deploy.server.wire import Head, Image

#: what every image says of itself
PURPOSE = "not for diagnosis"
#: kinds of images that ISMRMRD numbers
MAGNITUDE, COMPLEX = 1, 5
#: what an image's header takes over from that of its first readout
TAKEN = (
    "measurement_uid",
    "position",
    "read_dir",
    "phase_dir",
    "slice_dir",
    "patient_table_position",
    "acquisition_time_stamp",
    "physiology_time_stamp",
    "user_int",
    "user_float",
)
COUNTERS = ("average", "slice", "contrast", "phase", "repetition", "set")


def images_of(
    task: Task, answer: Answer, header: MrdHeader, first: int, *, as_complex: bool
) -> Iterator[Image]:
    """The new images of a task.

    Args:
        task: that was done.
        answer: to it.
        header: of the scan.
        first: index of the first image.
        as_complex: complex pixels in place of magnitudes.
    """
    attributes = _attributes(answer)
    pixels = answer.arrays["image"][task.given]
    kind = COMPLEX if as_complex else MAGNITUDE
    for number, (frame, picture) in enumerate(zip(task.frames[task.given], pixels, strict=True)):
        head = _head(frame.head, header, picture.shape)
        head["image_type"], head["image_index"] = kind, (first + number) % 65536
        values = picture if as_complex else np.abs(picture)
        yield Image(head, attributes, np.ascontiguousarray(values)[None, None])


def _head(readout: Head, header: MrdHeader, shape: tuple[int, ...]) -> npt.NDArray[np.void]:
    head = np.zeros((), image_header_dtype)
    head["version"] = 1
    for name in TAKEN:
        head[name] = readout[name]
    for name in COUNTERS:
        head[name] = readout["idx"][name]
    # the center stays at pixel n // 2, however the image is cropped
    dx, dy, dz = (1e3 * length / n for length, n in zip(header.fov, header.matrix, strict=True))
    head["field_of_view"] = shape[1] * dx, shape[0] * dy, dz
    head["image_series_index"] = 1
    return head


def _attributes(answer: Answer) -> str:
    meta = ismrmrd.Meta(
        DataRole="Image",
        ImageComment=f"FeatherMR {answer.method}, {PURPOSE}",
        ImageProcessingHistory=["FeatherMR", answer.method],
        Keep_image_geometry="1",
        FeatherMR_purpose=PURPOSE,
        FeatherMR_method=answer.method,
        FeatherMR_version=answer.version,
        FeatherMR_settings=json.dumps(dict(answer.settings)),
        FeatherMR_scale=f"{answer.scale:.9g}",
        FeatherMR_seconds=f"{answer.seconds:.4f}",
        FeatherMR_note=list(answer.notes),
    )
    if answer.weights:
        meta["FeatherMR_weights_sha256"] = answer.weights
    return str(meta.serialize())
