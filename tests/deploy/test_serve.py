"""A real server, a client of ours and one made of the ``ismrmrd`` package, over sockets."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import ismrmrd
import pytest

from feathermr.acquisition import Acquisition
from feathermr.deploy.client import send, volume_of
from feathermr.deploy.server import Limits, Offer
from feathermr.recon import reconstruct
from serving import Running, running
from synthetic import accelerated, nmse, scan

SHAPE = (40, 32)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    offer = Offer("cg-sense", complex_images=True)
    with running(offer, Limits(stalled=1.0, idle=5.0)) as started:
        yield started


def page(server: Running, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.health_port}{path}") as answer:
        return str(answer.read().decode())


def given(slices: int = 2, frames: int = 1) -> Acquisition:
    return accelerated(scan(slices, frames, 3, SHAPE, known_maps=False), keep=0.4, center=16)


def test_images_are_those_that_the_command_line_makes_of_each_slice(server: Running) -> None:
    acquisition = given()
    reply = send(acquisition, port=server.port)
    assert reply.texts == ()
    volume, _ = volume_of(reply.images, acquisition.header)
    for index in range(2):
        alone = reconstruct(acquisition.slices(index, index + 1), "cg-sense").image
        assert nmse(volume[index : index + 1], alone) < 1e-8
    meta = ismrmrd.Meta.deserialize(reply.images[0].attributes)
    assert meta["FeatherMR_method"] == "cg-sense"
    assert meta["FeatherMR_purpose"] == "not for diagnosis"
    assert json.loads(meta["FeatherMR_settings"])["calibration"] == "espirit"
