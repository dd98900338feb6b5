"""How many single-coil slices a second the simulator makes: object, phase, k-space and noise.

python benchmarks/simulator.py [--workers 2] [--batch 2] [--size 256] [--device cpu]

Each worker is a process with one thread, as the workers of a data loader are.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from feathermr.core.seeding import generator
from feathermr.phantom import ANATOMIES, acquire, add_noise, coil_maps, scanner_signal, scene

ROUNDS = 8


def work(anatomy, batch, size, device, seed):
    """Slices a second by the wall clock, and seconds of processor a slice, of one worker."""
    torch.set_num_threads(1)
    source = generator(seed, anatomy, device=device)
    shape = (size, size)
    maps = coil_maps(1, 1, shape, source)
    for index in range(ROUNDS + 1):
        if index == 1:
            start, processor = time.perf_counter(), time.process_time()
        body = scene(anatomy, batch, shape, source)
        kspace = add_noise(acquire(scanner_signal(body, source), maps, shape), 30.0, source)
        if kspace.is_cuda:
            torch.cuda.synchronize()
    made = ROUNDS * batch
    return made / (time.perf_counter() - start), (time.process_time() - processor) / made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    print(f"{options.size} x {options.size}, batch {options.batch}, {options.workers} worker(s)")
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for anatomy in ANATOMIES:
            jobs = [
                pool.submit(work, anatomy, options.batch, options.size, options.device, seed)
                for seed in range(options.workers)
            ]
            rates, seconds = zip(*(job.result() for job in jobs), strict=True)
            each = sum(seconds) / len(seconds)
            print(
                f"{anatomy:8s} {sum(rates):6.1f} slices/s, {each * 1e3:5.1f} ms of processor each"
            )


if __name__ == "__main__":
    main()
