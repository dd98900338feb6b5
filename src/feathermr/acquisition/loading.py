"""Read a scan from a file or folder of any format."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feathermr.acquisition.arrays import Layout
from feathermr.acquisition.bart import read_bart
from feathermr.acquisition.dicom import read_dicom
from feathermr.acquisition.fastmri import read_fastmri
from feathermr.acquisition.matlab import read_matlab
from feathermr.acquisition.mrd import read_mrd
from feathermr.acquisition.nifti import read_nifti
from feathermr.acquisition.numpy_arrays import read_npy, read_npz
from feathermr.acquisition.pictures import read_pictures
from feathermr.acquisition.recognition import mrd_group, recognise, recognise_folder
from feathermr.acquisition.record import Acquisition, check_finite
from feathermr.core.errors import DataError, FeatherError, UsageError

#: formats that do not say what their axes are
WITH_LAYOUT = {
    "npy": read_npy,
    "npz": read_npz,
    "matlab5": read_matlab,
    "matlab73": read_matlab,
}


def load(path: str | Path, *, layout: tuple[str, ...] | None = None) -> Acquisition:
    """The scan at ``path``, whose format is recognised by its content.

    K-space comes as complex64. An image becomes the object of a retrospective scan: its k-space is
    its Fourier transform, and the header's ``origin`` is ``image``.

    Args:
        path: a file, a BART pair with or without its ending, or a folder of one DICOM series or of
            pictures.
        layout: the axes of an array in their order, out of slice, frame, coil, y and x, e.g.
            ``("coil", "y", "x")``; only for NumPy and MATLAB files, which do not say it.

    Raises:
        DataError: the path does not exist, or the file is empty, cut off, foreign or contradicts
            itself; one sentence that names it.
        UsageError: a layout for a format that says its own axes.
    """
    path = Path(path)
    with errors_named(path):
        acquisition = _read(path, layout)
        check_content(acquisition)
        return acquisition


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Whatever goes wrong while ``path`` is read becomes one sentence that names it.

    Raises:
        DataError: in place of every error but a `UsageError`.
    """
    try:
        yield
    except UsageError:
        raise
    except FeatherError as error:
        raise DataError(f"{path}: {error}") from error
    except PermissionError as error:
        raise DataError(f"{path}: it may not be read by this user") from error
    except MemoryError as error:
        raise DataError(f"{path}: what its header says does not fit into the memory") from error
    except Exception as error:  # readers of foreign formats raise all kinds of errors
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{path}: the file is damaged or cut off ({reason})") from error


def _read(path: Path, layout: Layout | None) -> Acquisition:
    if path.is_dir():
        kind, files = recognise_folder(path)
    else:
        kind, files = recognise(path), (path,)
    if kind in WITH_LAYOUT:
        return WITH_LAYOUT[kind](path, layout)
    if layout is not None:
        raise UsageError(f"{path}: this format says its own axes; leave the layout out")
    if kind == "dicom":
        return read_dicom(files, path.name)
    if kind == "picture":
        return read_pictures(files, path.name)
    if kind == "mrd":
        return read_mrd(path, mrd_group(path))
    return {"bart": read_bart, "fastmri": read_fastmri, "nifti": read_nifti}[kind](path)


def check_content(acquisition: Acquisition) -> None:
    """Refuse a scan that holds values that are not finite, or nothing but zeros.

    Raises:
        DataError: the sentence says what.
    """
    for name in ("kspace", "coil_maps", "reference", "noise"):
        array = getattr(acquisition, name)
        if array is not None:
            check_finite(array, name)
    if not bool(acquisition.mask.any()) or not bool(acquisition.kspace.any()):
        raise DataError("it holds no sample that is not zero")
