"""The moving average of the weights."""

import copy

import torch
from torch import nn

from feathermr.training.ema import AveragedModel


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))


def moved(network: nn.Module, by: float) -> nn.Module:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += by
    return network


def test_the_average_is_the_recurrence() -> None:
    network = model()
    start = network[0].weight.detach().clone()  # type: ignore[index]
    averaged = AveragedModel(network, decay=0.5)
    expected, weights = start, start
    for step in range(40):
        weights = weights + 1
        averaged.update(moved(network, 1.0), step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weights
    torch.testing.assert_close(averaged.model[0].weight, expected)  # type: ignore[index]


def test_without_a_decay_it_is_the_model_itself() -> None:
    network = model()
    averaged = AveragedModel(network, decay=0)
    averaged.update(moved(network, 0.3), 7)
    state = averaged.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_buffers_are_copied_and_the_first_model_stays_as_it_is() -> None:
    network = model()
    before = copy.deepcopy(network.state_dict())
    averaged = AveragedModel(network, decay=0.9)
    network(torch.ones(4, 2))
    averaged.update(network, 0)
    assert torch.equal(averaged.model[1].running_mean, network[1].running_mean)  # type: ignore[index]
    assert torch.equal(network[0].weight, before["0.weight"])  # type: ignore[index]


def test_it_is_never_in_training_and_never_optimised() -> None:
    averaged = AveragedModel(model(), decay=0.9)
    averaged.train()
    assert not any(part.training for part in averaged.modules())
    assert not any(parameter.requires_grad for parameter in averaged.parameters())
