"""How many single-coil slices a second the simulator makes: object, phase, k-space and noise.

python benchmarks/simulator.py [--threads 2] [--batch 8] [--device cpu]
"""

import argparse
import time

import torch

from feathermr.core.seeding import generator
from feathermr.phantom import ANATOMIES, acquire, add_noise, background_phase, coil_maps, scene


def slices_per_second(anatomy, batch, shape, device, rounds=4):
    """Slices by the wall clock after a first batch, and the processor's seconds a slice."""
    source = generator(0, anatomy, device=device)
    maps = coil_maps(1, 1, shape, source)
    for index in range(rounds + 1):
        if index == 1:
            start, cpu_start = time.perf_counter(), time.process_time()
        body = scene(anatomy, batch, shape, source)
        phase = background_phase(batch, shape, source)
        kspace = add_noise(acquire(body, maps, phase, shape), 30.0, source)
        if kspace.is_cuda:
            torch.cuda.synchronize()
    made = rounds * batch
    return made / (time.perf_counter() - start), (time.process_time() - cpu_start) / made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    shape = (options.size, options.size)
    print(f"{shape[0]} x {shape[1]}, batch {options.batch}, {options.threads} thread(s)")
    for anatomy in ANATOMIES:
        rate, seconds = slices_per_second(anatomy, options.batch, shape, options.device)
        print(f"{anatomy:8s} {rate:7.1f} slices/s   {seconds * 1e3:6.1f} ms of processor a slice")


if __name__ == "__main__":
    main()
