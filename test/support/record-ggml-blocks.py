"""Writes ggml-blocks.json: stored blocks and their values by the `gguf` package, for stored-types.test.ts.

Run with a Python that has numpy and gguf: python test/support/record-ggml-blocks.py > test/support/ggml-blocks.json
"""

import base64
import json
import sys

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

random = np.random.default_rng(20261125)
text = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks(kind, size, scales, count=3):
    """Random bytes, with finite half-precision numbers where the scales lie."""
    data = random.integers(0, 256, (count, size), dtype=np.uint8)
    for at in scales:
        halves = (random.standard_normal(count) * 0.02).astype(np.float16)
        data[:, at : at + 2] = halves.view(np.uint8).reshape(count, 2)
    return {"type": kind.name, "stored": text(data), "values": text(dequantize(data, kind).astype(np.float32))}


def encoded(kind, values):
    return {"type": kind.name, "values": text(values), "stored": text(quantize(values, kind))}


hard = np.array(
    [0, -0.0, 1, -1, 65504, 65519.99, 65520, 1e9, 6e-8, 2.9e-8, 3e-8, 6.1e-5, 6.0975e-5, 1e-40, 0.1, 1 / 3]
    + [1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 2**-24 * 1.5, 2**-24 * 2.5, 2**-14 - 2**-25, -2**-25]
    + list(np.linspace(-1, 1, 8)),
    dtype=np.float32,
)
usual = (random.standard_normal(96) * 0.05).astype(np.float32)
zeros = np.zeros(32, dtype=np.float32)
ties = np.array([127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5] + [0.0] * 25, dtype=np.float32)

json.dump(
    {
        "decoded": [
            blocks(T.Q8_0, 34, [0]),
            blocks(T.Q4_0, 18, [0]),
            blocks(T.Q4_1, 20, [0, 2]),
            blocks(T.Q6_K, 210, [208]),
            {"type": "BF16", "stored": text(quantize(hard, T.BF16)), "values": text(dequantize(quantize(hard, T.BF16), T.BF16))},
            {"type": "F16", "stored": text(hard.astype(np.float16)), "values": text(hard.astype(np.float16).astype(np.float32))},
        ],
        "encoded": [
            encoded(T.BF16, np.concatenate([hard, usual])),
            {"type": "F16", "values": text(np.concatenate([hard, usual])), "stored": text(np.concatenate([hard, usual]).astype(np.float16))},
            encoded(T.Q8_0, np.concatenate([usual, zeros, ties])),
        ],
    },
    sys.stdout,
    indent=1,
)
print()
