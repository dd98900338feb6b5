"""The numeric arrays of MATLAB files of version 5 to 7.2.

A file is 128 bytes of text and then elements: a tag (type, number of bytes) and content, padded to
eight bytes. Up to four bytes of content may stand in the tag itself. Every size is checked before
it is believed.
"""

import zlib
from collections.abc import Iterator
from math import prod

import numpy as np

from feathermr.acquisition.arrays import Array
from feathermr.core.errors import DataError

#: element types of numbers
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
NUMBERS |= {13: "u8"}
MATRIX, COMPRESSED = 14, 15
#: classes of matrices that hold numbers, double to unsigned 64 bit
NUMERIC_CLASSES = range(6, 16)
COMPLEX_FLAG = 0x0800
START = 128


def read_numeric_arrays(content: bytes) -> dict[str, Array]:
    """Name and array of every numeric matrix; text, cells, structures and objects are left out.

    Raises:
        DataError: the file is cut off or contradicts itself.
    """
    marks = {b"IM": "<", b"MI": ">"}
    order = marks.get(content[START - 2 : START])
    if order is None:
        raise DataError("the MATLAB file does not say its byte order")
    arrays = {}
    for kind, body in _elements(content[START:], order):
        if kind == COMPRESSED:
            inner = zlib.decompress(body)
            found = [
                _matrix(part, order) for inside, part in _elements(inner, order) if inside == MATRIX
            ]
        else:
            found = [_matrix(body, order)] if kind == MATRIX else []
        arrays.update({name: array for name, array in found if array is not None})
    return arrays


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element."""
    place = 0
    while place < len(content):
        if len(content) - place < 8:
            raise DataError("the MATLAB file is cut off")
        kind, size = np.frombuffer(content, order + "u4", 2, place).tolist()
        first, padded = place + 8, size + (-size % 8 if kind != COMPRESSED else 0)
        if kind >> 16:  # a small element: the size is in the upper half of the type
            kind, size, first, padded = kind & 0xFFFF, kind >> 16, place + 4, 4
            if size > 4:
                raise DataError("the MATLAB file is damaged: a small element of more than 4 bytes")
        if first + size > len(content):
            raise DataError("the MATLAB file is cut off")
        yield kind, content[first : first + size]
        place = first + padded


def _matrix(body: bytes, order: str) -> tuple[str, Array | None]:
    """Name and array of a matrix element; no array where it is not numeric."""
    parts = _elements(body, order)
    try:
        flags = _numbers(next(parts), order)
        shape = tuple(int(size) for size in _numbers(next(parts), order))
        name = next(parts)[1].decode("latin-1")
        word = int(flags[0])
        if word & 0xFF not in NUMERIC_CLASSES:
            return name, None
        real = _numbers(next(parts), order)
        values = real + 1j * _numbers(next(parts), order) if word & COMPLEX_FLAG else real
    except (StopIteration, IndexError) as error:
        raise DataError("the MATLAB file is damaged: an array is incomplete") from error
    if min(shape, default=-1) < 0 or prod(shape) != values.size:
        raise DataError(f"'{name}' should have the shape {shape}, but has {values.size} numbers")
    return name, values.reshape(shape, order="F")


def _numbers(
    element: tuple[int, bytes], order: str
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    kind, content = element
    if kind not in NUMBERS:
        raise DataError(f"the MATLAB file is damaged: numbers of the unknown type {kind}")
    return np.frombuffer(content, order + NUMBERS[kind])
