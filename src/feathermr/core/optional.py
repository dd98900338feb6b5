"""Import an optional dependency at the moment it is needed, or say how to install it."""

import importlib
import sys
from types import ModuleType

from feathermr.core.errors import MissingExtraError

#: module -> the extra of this package that installs it; nothing else can be asked for
EXTRAS = {
    "lightning": "train",
    "tensorboard": "train",
    "onnx": "deploy",
    "onnxscript": "deploy",
    "onnxruntime": "deploy",
    "openvino": "deploy",
    "nncf": "deploy",
    "distributed": "cluster",
    "sigpy": "bench",
    "imageio_ffmpeg": "video",
    "skimage": "test",
    "playwright": "test",
}

#: by which packages tell their makers of every use; they do without where it is not there
TELLTALE = "openvino_telemetry"


def require(module: str) -> ModuleType:
    """The module, imported.

    Raises:
        MissingExtraError: it is not installed; the message is the command that installs it.
    """
    extra = EXTRAS[module]
    sys.modules.setdefault(TELLTALE, None)  # type: ignore[arg-type]  # importing it fails
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs '{module}', which is not installed; run: pip install 'feathermr[{extra}]'"
        ) from error
