"""A real server, a client of ours and one made of the ``ismrmrd`` package, over sockets."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import ismrmrd
import numpy as np
import pytest
import torch

from feathermr.acquisition import Acquisition, Header, undersample
from feathermr.acquisition.geometry import affine_for
from feathermr.acquisition.mrd_writer import mrd_rows, mrd_xml
from feathermr.calibration import estimate_coil_maps, whiten
from feathermr.core.seeding import generator
from feathermr.deploy.client import send, volume_of
from feathermr.deploy.server import Offer, Window
from feathermr.recon import reconstruct
from serving import Running, running
from synthetic import accelerated, nmse, scan

SHAPE = (40, 32)
#: oblique, in metres
TURNED = Header(
    spacing=(5e-3, 1.5e-3, 2e-3),
    affine=(
        (-2e-3, 0.0, 0.0, 0.01),
        (0.0, -1.2e-3, 3e-3, 0.02),
        (0.0, -0.9e-3, -4e-3, 0.03),
        (0.0, 0.0, 0.0, 1.0),
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(Offer("cg-sense", complex_images=True, window=Window(10, 2))) as started:
        yield started


def given(slices: int = 2, frames: int = 1) -> Acquisition:
    return accelerated(scan(slices, frames, 3, SHAPE, known_maps=False), keep=0.4, center=16)


def foreign(server: Running, things: list[Any]) -> list[Any]:
    """What a client of the ``ismrmrd`` package gets for its messages."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        stream = connection.makefile("rwb")
        with ismrmrd.ProtocolSerializer(stream) as serializer:
            for thing in things:
                serializer.serialize(thing)
        return list(ismrmrd.ProtocolDeserializer(stream).deserialize())


def their_readouts(acquisition: Acquisition) -> list[ismrmrd.Acquisition]:
    found = []
    for row in mrd_rows(acquisition):
        one = ismrmrd.Acquisition(row["head"].tobytes())
        one.data[:] = row["data"].view(np.complex64).reshape(one.data.shape)
        found.append(one)
    return found


def test_images_are_those_that_a_file_of_each_slice_gives(server: Running) -> None:
    acquisition = replace(given(), header=TURNED)
    reply = send(acquisition, port=server.port)
    assert reply.texts == ()
    volume, header = volume_of(reply.images, acquisition.header)
    for index in range(2):
        alone = reconstruct(acquisition.slices(index, index + 1), "cg-sense").image
        assert nmse(volume[index : index + 1], alone) < 1e-8
    assert np.allclose(affine_for(header, (2, *SHAPE)), affine_for(TURNED, (2, *SHAPE)), atol=1e-7)
    assert np.allclose(header.spacing or (), TURNED.spacing or (0,), atol=1e-7)


def test_a_client_of_the_ismrmrd_package_is_served(server: Running) -> None:
    acquisition = replace(given(), header=TURNED)
    readouts = their_readouts(acquisition)
    for number, one in enumerate(readouts):
        one.acquisition_time_stamp = 1000 + number
        one.physiology_time_stamp[0] = 50 + number
    signal = ismrmrd.Waveform.from_array(np.zeros((2, 30), np.uint32))
    xml = ismrmrd.xsd.CreateFromDocument(mrd_xml(acquisition))
    things = [ismrmrd.ConfigFile("zero-filled"), xml, signal, *readouts, "a text", signal]
    images = foreign(server, things)
    assert [type(image) for image in images] == [ismrmrd.Image, ismrmrd.Image]
    whole = reconstruct(acquisition, "zero-filled").image
    for index, image in enumerate(sorted(images, key=lambda image: image.slice)):
        assert np.allclose(image.data[0, 0], whole[index, 0], atol=1e-5)
        first = next(one for one in readouts if one.idx.slice == index)
        for name in ("position", "read_dir", "phase_dir", "slice_dir", "physiology_time_stamp"):
            assert list(getattr(image, name)) == list(getattr(first, name)), name
        assert image.acquisition_time_stamp == first.acquisition_time_stamp
        assert np.allclose(image.field_of_view, (64, 60, 5))
        assert image.meta["FeatherMR_method"] == "zero-filled"
        assert image.meta["FeatherMR_purpose"] == "not for diagnosis"
        assert image.meta["FeatherMR_version"]
        assert float(image.meta["FeatherMR_scale"]) > 0
        assert json.loads(image.meta["FeatherMR_settings"]) == {"combine": "auto"}


def test_a_film_comes_back_in_windows_while_it_is_still_sent(server: Running) -> None:
    film = given(1, 24)
    reply = send(film, port=server.port, method="view-sharing", frames_a_second=20)
    assert [int(image.head["phase"]) for image in reply.images] == list(range(24))
    assert reply.errors == ()
    assert reply.seconds[0] < reply.sent
    assert [int(image.head["image_index"]) for image in reply.images] == list(range(1, 25))


def test_a_film_that_fits_a_window_is_that_of_its_file(server: Running) -> None:
    film = given(1, 9)
    volume, _ = volume_of(send(film, port=server.port, method="temporal-tv").images, film.header)
    assert nmse(volume, reconstruct(film, "temporal-tv").image) < 1e-6


def test_coil_maps_are_found_once_a_series_of_frames(server: Running) -> None:
    film = given(1, 4)
    volume, _ = volume_of(send(film, port=server.port).images, film.header)
    notes = [
        ismrmrd.Meta.deserialize(image.attributes)["FeatherMR_note"]
        for image in send(film, port=server.port).images
    ]
    assert all("coil maps: those of the scan" in note for note in notes)
    assert film.reference is not None
    assert nmse(volume.abs(), film.reference.abs()) < 0.02


def test_noise_and_a_separate_calibration_are_used(server: Running) -> None:
    complete = scan(1, 1, 3, SHAPE, known_maps=False)
    noise = torch.randn(3, 500, dtype=torch.complex64, generator=generator(2)) * 0.01
    noise[1] = 3 * noise[1] + noise[0]
    sparse = replace(accelerated(complete, keep=0.5, center=2), noise=noise)
    flag = 1 << (ismrmrd.ACQ_IS_PARALLEL_CALIBRATION - 1)
    calibration = [
        one for one in their_readouts(complete) if 12 <= one.idx.kspace_encode_step_1 < 28
    ]
    for one in calibration:
        one.flags = flag
    xml = ismrmrd.xsd.CreateFromDocument(mrd_xml(sparse))
    xml.encoding[0].parallelImaging = ismrmrd.xsd.parallelImagingType(
        accelerationFactor=ismrmrd.xsd.accelerationFactorType(
            kspace_encoding_step_1=2, kspace_encoding_step_2=1
        ),
        calibrationMode=ismrmrd.xsd.calibrationModeType.SEPARATE,
    )
    (alone,) = foreign(server, [xml, *their_readouts(sparse)])
    assert isinstance(alone, str)
    assert "ESPIRiT needs a fully sampled center" in alone
    noise_readouts, image_readouts = their_readouts(sparse)[:1], their_readouts(sparse)[1:]
    (image,) = foreign(server, [xml, *noise_readouts, *calibration, *image_readouts])
    center = torch.zeros(1, 1, 1, SHAPE[0], 1, dtype=torch.bool)
    center[..., 12:28, :] = True
    apart = undersample(whiten(replace(complete, noise=noise)), center)
    maps = estimate_coil_maps(apart).maps
    expected = reconstruct(replace(whiten(sparse), coil_maps=maps), "cg-sense").image
    assert nmse(torch.from_numpy(image.data), expected) < 1e-6


def test_a_method_that_is_not_offered_is_answered_with_the_list(server: Running) -> None:
    for config in (ismrmrd.ConfigFile("os.system"), ismrmrd.ConfigText("network")):
        (answer,) = foreign(server, [config])
        assert answer.startswith("error: no configuration is called")
        assert "kronecker-cascade, kronecker-cine" in answer


def test_the_pages_say_how_the_server_is(server: Running) -> None:
    def page(path: str) -> str:
        address = f"http://127.0.0.1:{server.health_port}{path}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())

    assert page("/healthz") == "ok\n"
    before = server.server.metrics["images_total"]
    send(given(), port=server.port)
    lines = [line for line in page("/metrics").splitlines() if not line.startswith("#")]
    values = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines}
    assert values["feathermr_images_total"] == before + 2
    assert values["feathermr_workers"] == 1
    assert values["feathermr_held_bytes"] == 0
    assert values['feathermr_latency_seconds_bucket{le="+Inf"}'] == before + 2
    assert values["process_resident_memory_bytes"] > 1e7
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page("/secrets")
