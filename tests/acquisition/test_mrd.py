from pathlib import Path

import ismrmrd
import numpy as np
import pytest
import torch
from ismrmrd import xsd

from feathermr.acquisition import Acquisition, load
from feathermr.core.crop import center_pad
from feathermr.core.errors import DataError
from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator

#: slices, phases, coils, y, x: odd, and no two of the last three equal
SLICES, PHASES, COILS, Y, X = 2, 2, 3, 9, 7
CENTER = 3


def xml_header(
    *,
    x: int = X,
    recon_x: int = X,
    z: int = 1,
    recon_z: int = 1,
    trajectory: str = "cartesian",
    calibration: str | None = None,
    vendor: str | None = None,
) -> bytes:
    def space(matrix: tuple[int, int, int]) -> xsd.encodingSpaceType:
        nx, ny, nz = matrix
        return xsd.encodingSpaceType(
            matrixSize=xsd.matrixSizeType(x=nx, y=ny, z=nz),
            fieldOfView_mm=xsd.fieldOfViewMm(x=2.0 * nx, y=3.0 * ny, z=5.0 * nz),
        )

    limits = xsd.encodingLimitsType(
        kspace_encoding_step_1=xsd.limitType(minimum=0, maximum=Y - 1, center=CENTER),
        kspace_encoding_step_2=xsd.limitType(minimum=0, maximum=z - 1, center=z // 2),
    )
    parallel = None
    if calibration is not None:
        parallel = xsd.parallelImagingType(
            accelerationFactor=xsd.accelerationFactorType(
                kspace_encoding_step_1=2, kspace_encoding_step_2=1
            ),
            calibrationMode=xsd.calibrationModeType(calibration),
        )
    encoding = xsd.encodingType(
        encodedSpace=space((x, Y, z)),
        reconSpace=space((recon_x, Y, recon_z)),
        encodingLimits=limits,
        trajectory=xsd.trajectoryType(trajectory),
        parallelImaging=parallel,
    )
    document = xsd.ismrmrdHeader(
        experimentalConditions=xsd.experimentalConditionsType(H1resonanceFrequency_Hz=63_500_000),
        acquisitionSystemInformation=xsd.acquisitionSystemInformationType(
            systemFieldStrength_T=1.5, systemVendor=vendor
        ),
        subjectInformation=xsd.subjectInformationType(patientID="volunteer"),
        sequenceParameters=xsd.sequenceParametersType(TR=[3.0], TE=[1.5], flipAngle_deg=[90.0]),
        encoding=[encoding],
    )
    return xsd.ToXML(document).encode()


def readout(samples: torch.Tensor, *, flags: tuple[int, ...] = (), **fields: int):
    """A readout of (coil, x) whose counters and header fields are ``fields``."""
    data = np.ascontiguousarray(samples.numpy())
    made = ismrmrd.Acquisition.from_array(data, center_sample=data.shape[1] // 2)
    for name, value in fields.items():
        setattr(made if hasattr(made, name) else made.idx, name, value)
    for flag in flags:
        made.set_flag(flag)
    made.read_dir[0] = made.phase_dir[1] = made.slice_dir[2] = 1.0
    made.position[2] = 10.0 * fields.get("slice", 0)
    return made


def line(y: int) -> int:
    """The counter of row ``y``: row Y // 2 has the counter CENTER."""
    return y - Y // 2 + CENTER


def rows(shift: int = 0) -> list[int]:
    """The rows whose counters are not negative."""
    return [y for y in range(Y) if line(y) >= 0][shift:]


def write(path: Path, header: bytes, readouts: list[ismrmrd.Acquisition]) -> Path:
    with ismrmrd.Dataset(path, "dataset") as dataset:
        dataset.write_xml_header(header)
        for one in readouts:
            dataset.append_acquisition(one)
    return path


def random_kspace(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=generator(5, "mrd"))


def all_lines(kspace: torch.Tensor, **fields: int) -> list[ismrmrd.Acquisition]:
    """Every line that the counters can name, of (slice, frame, coil, y, x)."""
    return [
        readout(kspace[s, p, :, y], slice=s, phase=p, kspace_encode_step_1=line(y), **fields)
        for s in range(kspace.shape[0])
        for p in range(kspace.shape[1])
        for y in rows()
    ]


def test_noise_oversampling_slices_and_phases(tmp_path: Path) -> None:
    """Readouts of 14 samples hold an image of 7 pixels; the row 0 lies before the first counter."""
    wanted = random_kspace(SLICES, PHASES, COILS, Y, X)
    image = center_pad(ifft(wanted, axes=(-1,)), (Y, 2 * X))
    noise = random_kspace(COILS, 40)
    first = readout(noise, flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    lines = all_lines(fft(image, axes=(-1,)))
    path = write(tmp_path / "scan.h5", xml_header(x=2 * X), [first, *lines])
    scan = load(path)
    assert scan.kspace.shape == (SLICES, PHASES, COILS, Y, X)
    assert torch.allclose(scan.kspace[..., 1:, :], wanted[..., 1:, :], atol=1e-5)
    assert torch.equal(scan.kspace[..., 0, :], torch.zeros(SLICES, PHASES, COILS, X) + 0j)
    assert scan.mask[..., 0, :].sum() == 0
    assert bool(scan.mask[..., 1:, :].all())
    assert torch.equal(scan.noise, noise)
    header = scan.header
    assert (header.phase_axis, header.subject, header.image_shape) == (-2, "volunteer", None)
    assert header.spacing == pytest.approx((0.010, 0.003, 0.002))
    assert header.flip_angle == pytest.approx(np.pi / 2)
    assert (header.echo_time, header.repetition_time) == pytest.approx((0.0015, 0.003))
    assert header.field_strength == 1.5
    assert any("14 to 7" in note for note in header.notes)
    center = np.array(header.affine) @ [X // 2, Y // 2, 1, 1]
    assert center == pytest.approx([0, 0, 0.010, 1])


def test_reversed_asymmetric_and_trimmed_readouts_are_centered(tmp_path: Path) -> None:
    wanted = random_kspace(1, 1, COILS, Y, X)
    plain, short, turned, trimmed, both = (wanted[0, 0, :, y] for y in (1, 2, 3, 4, 5))
    turn = (ismrmrd.ACQ_IS_REVERSE,)
    padded = torch.cat([plain[:, :2] * 9, trimmed, plain[:, :1] * 9], dim=1)
    path = write(
        tmp_path / "scan.mrd",
        xml_header(),
        [
            readout(plain, kspace_encode_step_1=line(1)),
            # the first two samples were not taken, so the center moves from 3 to 1
            readout(short[:, 2:], kspace_encode_step_1=line(2), center_sample=1),
            readout(turned.flip(1), kspace_encode_step_1=line(3), flags=turn),
            readout(
                padded,
                kspace_encode_step_1=line(4),
                center_sample=5,
                discard_pre=2,
                discard_post=1,
            ),
            # seven samples less the first two, sent backwards: the center is the fourth of five
            readout(both[:, 2:].flip(1), kspace_encode_step_1=line(5), flags=turn, center_sample=3),
        ],
    )
    scan = load(path)
    kept = wanted.clone()
    kept[..., [0, 6, 7, 8], :] = 0
    kept[..., [2, 5], :2] = 0
    assert torch.equal(scan.kspace, kept)
    assert torch.equal(scan.mask, (kept != 0).any(dim=2, keepdim=True))


def test_even_reversed_readouts_are_centered(tmp_path: Path) -> None:
    wanted = random_kspace(1, 1, COILS, Y, 8)
    turned = readout(
        wanted[0, 0, :, 4].flip(1),
        kspace_encode_step_1=line(4),
        center_sample=3,
        flags=(ismrmrd.ACQ_IS_REVERSE,),
    )
    scan = load(write(tmp_path / "scan.mrd", xml_header(x=8, recon_x=8), [turned]))
    assert torch.equal(scan.kspace[0, 0, :, 4], wanted[0, 0, :, 4])


def test_averages_are_averaged(tmp_path: Path) -> None:
    first, second = random_kspace(2, 1, 1, COILS, Y, X)
    lines = all_lines(first, average=0) + all_lines(second, average=1)
    scan = load(write(tmp_path / "scan.mrd", xml_header(), lines))
    assert torch.allclose(scan.kspace[..., 1:, :], (first + second)[..., 1:, :] / 2)


def test_calibration_lines_fill_gaps_but_never_replace(tmp_path: Path) -> None:
    image, calibration = random_kspace(2, 1, 1, COILS, Y, X)
    flags = (ismrmrd.ACQ_IS_PARALLEL_CALIBRATION,)
    lines = [
        readout(calibration[0, 0, :, y], flags=flags, kspace_encode_step_1=line(y)) for y in (4, 5)
    ]
    lines += [readout(image[0, 0, :, y], kspace_encode_step_1=line(y)) for y in (2, 4, 6)]
    scan = load(write(tmp_path / "embedded.mrd", xml_header(calibration="embedded"), lines))
    assert torch.equal(scan.kspace[..., 4, :], image[..., 4, :])
    assert torch.equal(scan.kspace[..., 5, :], calibration[..., 5, :])
    apart = load(write(tmp_path / "apart.mrd", xml_header(calibration="separate"), lines))
    assert apart.mask[0, 0, 0, :, 0].nonzero().flatten().tolist() == [2, 4, 6]
    assert any("separate calibration" in note for note in apart.header.notes)


def test_navigators_and_further_encodings_are_left_out(tmp_path: Path) -> None:
    kspace = random_kspace(1, 1, COILS, Y, X)
    strange = readout(9 * kspace[0, 0, :, 1], flags=(ismrmrd.ACQ_IS_NAVIGATION_DATA,))
    other = readout(9 * kspace[0, 0, :, 1], encoding_space_ref=1)
    scan = load(write(tmp_path / "scan.mrd", xml_header(), [strange, other, *all_lines(kspace)]))
    assert torch.equal(scan.kspace[..., 1:, :], kspace[..., 1:, :])
    assert len([note for note in scan.header.notes if "left out" in note]) == 2


def test_phases_and_repetitions_become_frames_phase_fastest(tmp_path: Path) -> None:
    kspace = random_kspace(1, 6, COILS, Y, X)
    lines = []
    for repetition in range(3):
        part = kspace[:, 2 * repetition : 2 * repetition + 2]
        lines += all_lines(part, repetition=repetition)
    scan = load(write(tmp_path / "scan.mrd", xml_header(), lines))
    assert torch.equal(scan.kspace[..., 1:, :], kspace[..., 1:, :])
    assert any("repetition (3) x phase (2)" in note for note in scan.header.notes)


def stamped(counter: str, stamps: tuple[int, ...]) -> list[ismrmrd.Acquisition]:
    """Lines of frames that are told by ``counter``, the later slice and lines a little later."""
    kspace = random_kspace(SLICES, 1, COILS, Y, X)
    lines = []
    for frame, stamp in enumerate(stamps):
        for late, one in enumerate(all_lines(kspace)):
            setattr(one.idx, counter, frame)
            one.acquisition_time_stamp = 20_000_000 + stamp + late % 3 - 1
            one.physiology_time_stamp[0] = stamp + late % 3 - 1
            lines.append(one)
    return lines


@pytest.mark.parametrize(
    ("counter", "vendor", "times"),
    [
        ("phase", "SIEMENS", (0.025, 0.055, 0.095)),
        ("repetition", "Siemens Healthineers", (0.0, 0.030, 0.070)),
        ("repetition", "another", ()),
        ("phase", None, ()),
        ("set", "SIEMENS", ()),
    ],
)
def test_frames_have_times_where_the_unit_of_the_stamps_is_known(
    tmp_path: Path, counter: str, vendor: str | None, times: tuple[float, ...]
) -> None:
    lines = stamped(counter, (10, 22, 38))
    scan = load(write(tmp_path / "scan.mrd", xml_header(vendor=vendor), lines))
    assert scan.n_frames == 3
    assert scan.header.frame_times == pytest.approx(times, abs=0.0025)
    assert any("steps of 2.5 ms" in note for note in scan.header.notes) == bool(times)


def test_stamps_that_do_not_increase_are_no_times(tmp_path: Path) -> None:
    lines = stamped("phase", (10, 10, 38))
    header = load(write(tmp_path / "scan.mrd", xml_header(vendor="SIEMENS"), lines)).header
    assert header.frame_times == ()
    assert not any("stamps" in note for note in header.notes)


def slab(path: Path, kspace: torch.Tensor, **header: int) -> Path:
    """Lines of (partition, coil, y, x)."""
    lines = [
        readout(kspace[z, :, y], kspace_encode_step_1=line(y), kspace_encode_step_2=z)
        for z in range(kspace.shape[0])
        for y in rows()
    ]
    return write(path, xml_header(z=5, **header), lines)


def test_complete_partitions_become_slices(tmp_path: Path) -> None:
    kspace = random_kspace(5, COILS, Y, X)
    kspace[:, :, 0] = 0
    moved = ifft(kspace, axes=(-4,))[:, None]
    scan = load(slab(tmp_path / "all.mrd", kspace, recon_z=5))
    assert torch.allclose(scan.kspace, moved, atol=1e-5)
    assert any("partitions" in note for note in scan.header.notes)
    inner = load(slab(tmp_path / "inner.mrd", kspace, recon_z=3))
    assert torch.allclose(inner.kspace, moved[1:4], atol=1e-5)


def test_undersampled_partitions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="partitions"):
        load(slab(tmp_path / "scan.mrd", random_kspace(3, COILS, Y, X), recon_z=5))


def refused(path: Path, header: bytes, *readouts: ismrmrd.Acquisition) -> str:
    with pytest.raises(DataError) as caught:
        load(write(path, header, list(readouts)))
    assert path.name in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_right_is_one_sentence(tmp_path: Path) -> None:
    good = readout(random_kspace(COILS, X), kspace_encode_step_1=2)
    radial = xml_header(trajectory="radial")
    assert "radial" in refused(tmp_path / "radial.mrd", radial, good)
    outside = readout(random_kspace(COILS, X), kspace_encode_step_1=99)
    assert "contradict" in refused(tmp_path / "outside.mrd", xml_header(), outside)
    long = readout(random_kspace(COILS, X + 1))
    assert "do not fit" in refused(tmp_path / "long.mrd", xml_header(), long)
    fewer = readout(random_kspace(COILS - 1, X))
    assert "coils" in refused(tmp_path / "coils.mrd", xml_header(), good, fewer)
    noise = readout(random_kspace(COILS, X), flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    assert "no readout" in refused(tmp_path / "noise.mrd", xml_header(), noise)
    assert "damaged" in refused(tmp_path / "xml.mrd", b"<ismrmrd", good)
    assert "ismrmrdHeader" in refused(tmp_path / "other.mrd", b"<html></html>", good)
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><ismrmrdHeader>&b;</ismrmrdHeader>'
    assert "document type" in refused(tmp_path / "bomb.mrd", bomb, good)
    zero = xml_header().replace(b"<x>7</x>", b"<x>0</x>")
    assert "matrix" in refused(tmp_path / "zero.mrd", zero, good)


def test_readouts_that_contradict_their_header_are_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = write(tmp_path / "scan.mrd", xml_header(), [readout(random_kspace(COILS, X))])
    with h5py.File(path, "r+") as file:
        row = file["dataset/data"][0]
        row["head"]["number_of_samples"] = X + 2
        file["dataset/data"][0] = row
    with pytest.raises(DataError, match="its header says"):
        load(path)


def test_incomplete_readouts_keep_their_oversampling(tmp_path: Path) -> None:
    kspace = random_kspace(COILS, 2 * X)
    short = readout(kspace[:, 3:], kspace_encode_step_1=CENTER, center_sample=X - 3)
    scan: Acquisition = load(write(tmp_path / "scan.mrd", xml_header(x=2 * X), [short]))
    assert torch.equal(scan.kspace[0, 0, :, Y // 2, 3:], kspace[:, 3:])
    assert scan.mask[0, 0, 0, Y // 2].tolist() == [False] * 3 + [True] * 11
    assert scan.header.image_shape == (Y, X)
