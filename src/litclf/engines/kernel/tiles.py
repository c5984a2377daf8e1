"""Tiles: sums of scaled rows, kept in the processor's vector registers while they are taken.

LLVM left to itself reads and writes such sums in memory at every row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from litclf.engines.kernel.updates import compiled

# As numba compiles, which may be for less than this processor has.
_AVX512 = "+avx512f" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")
LANES = 16 if _AVX512 else 8
_SUMS = 16 if _AVX512 else 8  # half of the registers; the others hold what is added
BITS = 64
"""Numbers that :func:`nonzero` looks at together."""

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_F32, LANES)


def _masked(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """A call of LLVM's load or store of a part of a vector."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.{name}.v{LANES}f32.p0")
    return builder.call(function, arguments)


class _Pieces:
    """Pieces of rows as vectors: some whole ones, or the first few lanes of one."""

    def __init__(self, builder: Any, whole: int, lanes: Any = None) -> None:
        self.builder, self.count = builder, whole or 1
        numbers = ir.Constant(ir.VectorType(_I64, LANES), list(range(LANES)))
        self.mask = None if whole else builder.icmp_signed("<", numbers, self.spread(lanes))

    def spread(self, value: Any) -> Any:
        """A vector that holds a value in every lane."""
        nothing = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
        single = self.builder.insert_element(nothing, value, _I32(0))
        return self.builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))

    def _at(self, row: Any, number: int) -> Any:
        return self.builder.bitcast(self.builder.gep(row, [_I64(number * LANES)]), _VECTOR.as_pointer())

    def load(self, row: Any, number: int) -> Any:
        if self.mask is None:
            return self.builder.load(self._at(row, number), align=4)
        zeros = ir.Constant(_VECTOR, [0.0] * LANES)
        return _masked(self.builder, "load", _VECTOR, [self._at(row, number), _I32(4), self.mask, zeros])

    def store(self, value: Any, row: Any, number: int) -> None:
        if self.mask is None:
            self.builder.store(value, self._at(row, number), align=4)
        else:
            _masked(self.builder, "store", ir.VoidType(), [value, self._at(row, number), _I32(4), self.mask])


@intrinsic(prefer_literal=True)
def add_rows(
    _typing: Any, height: Any, _z: Any, _start: Any, _width: Any, _rows: Any, _scales: Any, _which: Any, _n: Any
) -> Any:
    """Writes to each of ``height`` rows of ``z`` the sum of a row of ``start`` and of ``n`` scaled rows of ``rows``.

    ``z``, ``start``, ``rows`` and ``scales`` are pairs, an address and how many numbers lie from one row to the next;
    ``width`` numbers of each row are meant. ``which`` is the address of the places of the rows to be added (int32),
    scaled in turn by the numbers in a row of ``scales``.
    """
    tall = height.literal_value

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        def matrix(pair: Any) -> Any:
            address, step = (builder.extract_value(pair, part) for part in range(2))
            return builder.inttoptr(address, _F32.as_pointer()), step

        (z, zs), (start, starts), width = matrix(args[1]), matrix(args[2]), args[3]
        (rows, rs), (scales, ss), n = matrix(args[4]), matrix(args[5]), args[7]
        which = builder.inttoptr(args[6], _I32.as_pointer())
        factors = [builder.gep(scales, [builder.mul(ss, _I64(r))]) for r in range(tall)]

        def add(first: Any, pieces: _Pieces) -> None:
            begun, own = (
                [builder.gep(base, [builder.add(first, builder.mul(step, _I64(r)))]) for r in range(tall)]
                for base, step in ((start, starts), (z, zs))
            )
            sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(pieces.count)] for _ in own]
            for row, totals in zip(begun, sums, strict=True):
                for number, total in enumerate(totals):
                    builder.store(pieces.load(row, number), total)
            with cgutils.for_range(builder, n) as loop:
                place = builder.sext(builder.load(builder.gep(which, [loop.index])), _I64)
                row = builder.gep(rows, [builder.add(first, builder.mul(place, rs))])
                scale = [pieces.spread(builder.load(builder.gep(factor, [loop.index]))) for factor in factors]
                for number in range(pieces.count):
                    values = pieces.load(row, number)
                    for by, totals in zip(scale, sums, strict=True):
                        product = builder.fmul(by, values, flags=("contract",))
                        builder.store(
                            builder.fadd(builder.load(totals[number]), product, flags=("contract",)), totals[number]
                        )
            for row, totals in zip(own, sums, strict=True):
                for number, total in enumerate(totals):
                    pieces.store(builder.load(total), row, number)

        begin, whole = _I64(0), min(8, _SUMS // tall)
        while whole:
            end = builder.and_(width, _I64(-whole * LANES))
            with cgutils.for_range_slice(builder, begin, end, _I64(whole * LANES), _I64) as (first, _):
                add(first, _Pieces(builder, whole))
            begin, whole = end, whole // 2
        with builder.if_then(builder.icmp_signed("<", begin, width)):
            add(begin, _Pieces(builder, 0, builder.sub(width, begin)))
        return context.get_dummy_value()

    address = types.int64
    matrix = types.UniTuple(address, 2)
    return types.void(height, matrix, matrix, types.int64, matrix, matrix, address, types.int64), codegen


@intrinsic
def _bits(_typing: Any, _address: Any) -> Any:
    """Which of the next ``BITS`` float32 are not zero, as bits."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        vector = ir.VectorType(_F32, BITS)
        values = builder.load(builder.inttoptr(args[0], vector.as_pointer()), align=4)
        differ = builder.fcmp_unordered("!=", values, ir.Constant(vector, [0.0] * BITS))
        return builder.bitcast(differ, _I64)

    return types.uint64(types.int64), codegen


@intrinsic
def lowest(_typing: Any, _bits: Any) -> Any:
    """The number of the lowest bit that is set."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(types.uint64), codegen


@compiled
def nonzero(a: Any, first: Any, n: Any) -> Any:
    """Which of the ``n`` numbers of ``a`` from ``first`` on, at most ``BITS``, are not zero, as bits."""
    if n == BITS:
        return _bits(np.int64(a.ctypes.data) + 4 * first)
    found = np.uint64(0)
    for i in range(n):
        found |= np.uint64(a[first + i] != 0) << np.uint64(i)
    return found
