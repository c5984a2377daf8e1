"""Tiles: sums of scaled rows, kept in the processor's vector registers while they are taken.

LLVM left to itself reads and writes such sums in memory at every row.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

# As numba compiles, which may be for less than this processor has.
_AVX512 = "+avx512f" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")
LANES = 16 if _AVX512 else 8
_SUMS = 16 if _AVX512 else 8  # half of the registers; the others hold what is added
DOTS = _SUMS // 4
"""Rows that :func:`dot_rows` takes with four others, so that all their products are kept in registers."""
BITS = 64
"""Numbers that :func:`bits_of` looks at together."""

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR, _KIND = ir.VectorType(_F32, LANES), f"v{LANES}f32"


def _call(builder: Any, name: str, result: Any, *arguments: Any) -> Any:
    """A call of an intrinsic of LLVM."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}"), arguments)


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
        return _call(self.builder, f"masked.load.{_KIND}.p0", _VECTOR, self._at(row, number), _I32(4), self.mask, zeros)

    def store(self, value: Any, row: Any, number: int) -> None:
        if self.mask is None:
            self.builder.store(value, self._at(row, number), align=4)
        else:
            place = (self._at(row, number), _I32(4), self.mask)
            _call(self.builder, f"masked.store.{_KIND}.p0", ir.VoidType(), value, *place)


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


def _root(builder: Any, value: Any) -> Any:
    """Square root of a vector within two units of the last digit; of what is below 1e-38, that of 1e-38."""
    if LANES == 8:
        return _call(builder, f"sqrt.{_KIND}", _VECTOR, value)
    # A third of the time that the instruction takes which is right to the last bit: an estimate, made better once.
    least, infinite, half = (ir.Constant(_VECTOR, [number] * LANES) for number in (1.2e-38, float("inf"), 0.5))
    value = builder.select(builder.fcmp_ordered("<", value, least), least, value)  # NaN stays
    whole = (ir.Constant(_VECTOR, [0.0] * LANES), ir.IntType(16)(-1))
    inverse = _call(builder, "x86.avx512.rsqrt14.ps.512", _VECTOR, value, *whole)
    root = builder.fmul(value, inverse)
    error = _multiply_add(builder, builder.fneg(root), root, value)
    root = _multiply_add(builder, error, builder.fmul(inverse, half), root)
    return builder.select(builder.fcmp_ordered("==", value, infinite), value, root)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""
    return _call(builder, f"fma.{_KIND}", _VECTOR, a, b, c)


@intrinsic
def adam_rows(_typing: Any, _p: Any, _g: Any, _m: Any, _v: Any, _n: Any, _settings: Any) -> Any:
    """Adam's step for ``n`` parameters at address ``p``, with gradients ``g`` and moments ``m`` and ``v``.

    Settings are the decay that goes into the gradient; what the parameters shrink to; what the moments take in; the
    size of a step; the inverse of the correction of a root; and what is added to a root.
    """

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        p, g, m, v = (builder.inttoptr(address, _F32.as_pointer()) for address in args[:4])
        n = args[4]

        def step(first: Any, pieces: _Pieces) -> None:
            decay, shrunk, rest1, rest2, size, inverse, eps = map(pieces.spread, cgutils.unpack_tuple(builder, args[5]))
            at = [builder.gep(base, [first]) for base in (p, m, v)]
            weight, first_moment, second = (pieces.load(row, 0) for row in at)
            gradient = _multiply_add(builder, decay, weight, pieces.load(builder.gep(g, [first]), 0))
            first_moment = _multiply_add(builder, builder.fsub(gradient, first_moment), rest1, first_moment)
            new = _multiply_add(builder, gradient, gradient, builder.fneg(second))
            second = _multiply_add(builder, new, rest2, second)
            below = _multiply_add(builder, _root(builder, second), inverse, eps)
            change = builder.fdiv(builder.fmul(size, first_moment), below)
            weight = builder.fsub(builder.fmul(weight, shrunk), change)
            for row, value in zip(at, (weight, first_moment, second), strict=True):
                pieces.store(value, row, 0)

        whole = builder.and_(n, _I64(-LANES))
        with cgutils.for_range_slice(builder, _I64(0), whole, _I64(LANES), _I64) as (first, _):
            step(first, _Pieces(builder, 1))
        with builder.if_then(builder.icmp_signed("<", whole, n)):
            step(whole, _Pieces(builder, 0, builder.sub(n, whole)))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5, types.UniTuple(types.float32, 7)), codegen


@intrinsic(prefer_literal=True)
def dot_rows(_typing: Any, height: Any, width: Any, _g: Any, _a: Any, _d: Any, _n: Any) -> Any:
    """Writes to ``g`` the products of each of ``height`` rows of ``a`` with each of ``width`` rows of ``d``.

    All are pairs as in :func:`add_rows`; ``n`` numbers of each row are meant.
    """
    tall, wide = height.literal_value, width.literal_value

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        def rows(pair: Any, count: int) -> list[Any]:
            address, step = (builder.extract_value(pair, part) for part in range(2))
            base = builder.inttoptr(address, _F32.as_pointer())
            return [builder.gep(base, [builder.mul(step, _I64(r))]) for r in range(count)]

        left, right, out, n = rows(args[3], tall), rows(args[4], wide), rows(args[2], tall), args[5]
        sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in right] for _ in left]
        for total in (total for totals in sums for total in totals):
            builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)

        def add(first: Any, pieces: _Pieces) -> None:
            values = [pieces.load(builder.gep(row, [first]), 0) for row in right]
            for row, totals in zip(left, sums, strict=True):
                own = pieces.load(builder.gep(row, [first]), 0)
                for value, total in zip(values, totals, strict=True):
                    builder.store(_multiply_add(builder, own, value, builder.load(total)), total)

        whole = builder.and_(n, _I64(-LANES))
        with cgutils.for_range_slice(builder, _I64(0), whole, _I64(LANES), _I64) as (first, _):
            add(first, _Pieces(builder, 1))
        with builder.if_then(builder.icmp_signed("<", whole, n)):
            add(whole, _Pieces(builder, 0, builder.sub(n, whole)))
        for row, totals in zip(out, sums, strict=True):
            for number, total in enumerate(totals):
                value, lanes = builder.load(total), LANES
                while lanes > 1:  # halves, the upper added to the lower
                    lanes //= 2
                    parts = [list(range(start, start + lanes)) for start in (0, lanes)]
                    lower, upper = (
                        builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(_I32, lanes), part))
                        for part in parts
                    )
                    value = builder.fadd(lower, upper)
                builder.store(builder.extract_element(value, _I32(0)), builder.gep(row, [_I64(number)]), align=4)
        return context.get_dummy_value()

    matrix = types.UniTuple(types.int64, 2)
    return types.void(height, width, matrix, matrix, matrix, types.int64), codegen


@intrinsic
def turn_tile(_typing: Any, _to: Any, _a: Any) -> Any:
    """Writes the transpose of a tile of ``LANES`` rows and columns; both are pairs as in :func:`add_rows`."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        def rows(pair: Any) -> list[Any]:
            address, step = (builder.extract_value(pair, part) for part in range(2))
            base = builder.inttoptr(address, _F32.as_pointer())
            return [builder.gep(base, [builder.mul(step, _I64(r))]) for r in range(LANES)]

        pieces = _Pieces(builder, 1)
        tile, far = [pieces.load(row, 0) for row in rows(args[1])], 1
        while far < LANES:  # swaps the corners of blocks of twice that size
            for upper in (row for row in range(LANES) if not row & far):
                pair = (tile[upper], tile[upper + far])
                left = [lane if not lane & far else LANES + lane - far for lane in range(LANES)]
                right = [lane + far if not lane & far else LANES + lane for lane in range(LANES)]
                tile[upper], tile[upper + far] = (
                    builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(_I32, LANES), lanes))
                    for lanes in (left, right)
                )
            far *= 2
        for row, values in zip(rows(args[0]), tile, strict=True):
            pieces.store(values, row, 0)
        return context.get_dummy_value()

    return types.void(*[types.UniTuple(types.int64, 2)] * 2), codegen


@intrinsic
def bits_of(_typing: Any, _address: Any) -> Any:
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
