"""The XML header that ISMRMRD and fastMRI files share (http://www.ismrm.org/ISMRMRD)."""

import math
from dataclasses import dataclass
from xml.etree import ElementTree

from ismrmrd import xsd

from feathermr.core.errors import DataError

NAMESPACE = "{http://www.ismrm.org/ISMRMRD}"
#: name of the text parameter that carries this package's own header
OWN_HEADER = "feathermr_header"
#: hertz per tesla
PROTON = 42.577478518e6

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class MrdHeader:
    """What the XML says of the first encoding; x is the readout, y the lines, z the partitions.

    Attributes:
        matrix: encoded samples (x, y, z).
        recon_matrix: pixels of the image (x, y, z).
        fov: encoded field of view (x, y, z) in metres; zero when unknown.
        recon_fov: field of view of the image in metres.
        center: the counter of the central line; ``None`` when not given.
        last: the largest counter of a line.
        partition_center: the counter of the central partition.
        frames: phases times repetitions, as far as the header counts them.
        trajectory: ``cartesian``, ``epi``, ...
        calibration: ``embedded``, ``separate``, ... or empty.
        subject: the patient's identifier.
        vendor: of the system, as the file has it.
        echo_time: seconds.
        repetition_time: seconds.
        flip_angle: radians.
        field_strength: tesla.
        own: this package's header as text, when this package wrote the file.
    """

    matrix: tuple[int, int, int]
    recon_matrix: tuple[int, int, int]
    fov: Triple = (0.0, 0.0, 0.0)
    recon_fov: Triple = (0.0, 0.0, 0.0)
    center: int | None = None
    last: int | None = None
    partition_center: int | None = None
    frames: int = 1
    trajectory: str = "cartesian"
    calibration: str = ""
    subject: str = ""
    vendor: str = ""
    echo_time: float | None = None
    repetition_time: float | None = None
    flip_angle: float | None = None
    field_strength: float | None = None
    own: str = ""


def read_mrd_header(text: bytes | str) -> MrdHeader:
    """The header in ``text``; a document type, which could hold harmful entities, is refused.

    Raises:
        DataError: it is not such a header, or a size in it is not positive.
    """
    if not isinstance(text, str):
        text = _decoded(bytes(text))
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError("its XML header has a document type, which is not allowed")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DataError(f"its XML header is damaged: {error}") from error
    if root.tag != f"{NAMESPACE}ismrmrdHeader":
        raise DataError(f"its XML header is '{root.tag}', not an ismrmrdHeader")
    encoding = root.find(f"{NAMESPACE}encoding")
    if encoding is None:
        raise DataError("its XML header has no encoding")
    try:
        return _parsed(root, encoding)
    except ValueError as error:
        raise DataError(f"its XML header holds a wrong number: {error}") from error


def _decoded(raw: bytes) -> str:
    """As UTF-8, else Latin-1: an encoding that the text declares could hide a document type."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _parsed(root: ElementTree.Element, encoding: ElementTree.Element) -> MrdHeader:
    steps = "encodingLimits/kspace_encoding_step"
    flip = _number(root, "sequenceParameters/flipAngle_deg", math.pi / 180)
    return MrdHeader(
        matrix=_matrix(encoding, "encodedSpace"),
        recon_matrix=_matrix(encoding, "reconSpace"),
        fov=_field_of_view(encoding, "encodedSpace"),
        recon_fov=_field_of_view(encoding, "reconSpace"),
        center=_integer(encoding, f"{steps}_1/center"),
        last=_integer(encoding, f"{steps}_1/maximum"),
        partition_center=_integer(encoding, f"{steps}_2/center"),
        frames=_count(encoding, "phase") * _count(encoding, "repetition"),
        trajectory=_text(encoding, "trajectory") or "cartesian",
        calibration=_text(encoding, "parallelImaging/calibrationMode"),
        subject=_text(root, "subjectInformation/patientID"),
        vendor=_text(root, "acquisitionSystemInformation/systemVendor"),
        echo_time=_number(root, "sequenceParameters/TE", 1e-3),
        repetition_time=_number(root, "sequenceParameters/TR", 1e-3),
        flip_angle=flip,
        field_strength=_number(root, "acquisitionSystemInformation/systemFieldStrength_T", 1.0),
        own=_own(root),
    )


def _text(element: ElementTree.Element, path: str) -> str:
    qualified = "/".join(NAMESPACE + part for part in path.split("/"))
    return (element.findtext(qualified) or "").strip()


def _integer(element: ElementTree.Element, path: str) -> int | None:
    text = _text(element, path)
    return int(text) if text else None


def _count(element: ElementTree.Element, counter: str) -> int:
    """Values that a counter takes, 1 when the header does not say."""
    first, last = (
        _integer(element, f"encodingLimits/{counter}/{end}") or 0 for end in ("minimum", "maximum")
    )
    return max(1, last - first + 1)


def _number(element: ElementTree.Element, path: str, unit: float) -> float | None:
    text = _text(element, path)
    return float(text) * unit if text else None


def _matrix(encoding: ElementTree.Element, space: str) -> tuple[int, int, int]:
    x, y, z = (_integer(encoding, f"{space}/matrixSize/{axis}") for axis in "xyz")
    if x is None or y is None or z is None or min(x, y, z) < 1:
        raise ValueError(f"the matrix of the {space} is {x} x {y} x {z}")
    return x, y, z


def _field_of_view(encoding: ElementTree.Element, space: str) -> Triple:
    x, y, z = (_number(encoding, f"{space}/fieldOfView_mm/{a}", 1e-3) or 0.0 for a in "xyz")
    return x, y, z


def _own(root: ElementTree.Element) -> str:
    for parameter in root.iter(f"{NAMESPACE}userParameterString"):
        if _text(parameter, "name") == OWN_HEADER:
            return _text(parameter, "value")
    return ""


def write_mrd_header(header: MrdHeader, n_coils: int, limits: dict[str, int]) -> bytes:
    """The XML, valid by ISMRMRD's schema.

    Args:
        header: what to say; the central line must be known.
        n_coils: receiver channels.
        limits: largest counter of ``slice``, ``phase``, ...
    """
    first_step = xsd.limitType(minimum=0, maximum=header.last or 0, center=header.center or 0)
    encoding = xsd.encodingType(
        encodedSpace=_space(header.matrix, header.fov),
        reconSpace=_space(header.recon_matrix, header.recon_fov),
        encodingLimits=xsd.encodingLimitsType(
            kspace_encoding_step_1=first_step,
            kspace_encoding_step_2=xsd.limitType(minimum=0, maximum=0, center=0),
            **{
                name: xsd.limitType(minimum=0, maximum=last, center=0)
                for name, last in limits.items()
            },
        ),
        trajectory=xsd.trajectoryType(header.trajectory),
    )
    strength = header.field_strength
    document = xsd.ismrmrdHeader(
        version=1,
        subjectInformation=xsd.subjectInformationType(patientID=header.subject or None),
        acquisitionSystemInformation=xsd.acquisitionSystemInformationType(
            systemFieldStrength_T=strength, receiverChannels=n_coils
        ),
        experimentalConditions=xsd.experimentalConditionsType(
            H1resonanceFrequency_Hz=round((strength or 0.0) * PROTON)
        ),
        encoding=[encoding],
        sequenceParameters=_sequence(header),
        userParameters=_user_parameters(header.own),
    )
    return str(xsd.ToXML(document)).encode("ascii", "xmlcharrefreplace")


def _user_parameters(own: str) -> xsd.userParametersType | None:
    if not own:
        return None
    parameter = xsd.userParameterStringType(name=OWN_HEADER, value=own)
    return xsd.userParametersType(userParameterString=[parameter])


def _space(matrix: tuple[int, int, int], fov: Triple) -> xsd.encodingSpaceType:
    millimetres = (length * 1e3 for length in fov)
    return xsd.encodingSpaceType(
        matrixSize=xsd.matrixSizeType(**dict(zip("xyz", matrix, strict=True))),
        fieldOfView_mm=xsd.fieldOfViewMm(**dict(zip("xyz", millimetres, strict=True))),
    )


def _sequence(header: MrdHeader) -> xsd.sequenceParametersType:
    def listed(value: float | None, unit: float) -> list[float]:
        return [] if value is None else [value * unit]

    return xsd.sequenceParametersType(
        TR=listed(header.repetition_time, 1e3),
        TE=listed(header.echo_time, 1e3),
        flipAngle_deg=listed(header.flip_angle, 180 / math.pi),
    )
