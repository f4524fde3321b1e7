"""The sample bot's model in numpy alone: a linear score of momentum and order flow, as probabilities of down, flat and up.

    python python/examples/momentum.py [PORT]

The input is [n, 16], the features of src/strategies/features.ts in their order; the answer is [n, 3].
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from perigee_model import serve  # noqa: E402

# fmt: off
WEIGHTS = np.array([
    0.30, 0.22, 0.16, 0.11, 0.08, 0.05, 0.03, 0.02,  # returns, newest first, in standard deviations
    0.35, 0.25, 0.15, 0.10,                          # order flow over 1, 2, 4 and 8 buckets
    0.60, 0.40,                                      # imbalance at the touch and on five levels
    0.10,                                            # distance from the mean: a trend goes on
    0.0,                                             # spread: it says nothing of direction
], dtype=np.float32)
# fmt: on
FLAT = np.float32(0.4)


def predict(x, metadata):
    if x.ndim != 2 or x.shape[1] != len(WEIGHTS):
        raise ValueError(f"input is {list(x.shape)}, not [n, {len(WEIGHTS)}]")
    score = x @ WEIGHTS
    logits = np.stack([-score, np.full_like(score, FLAT), score], axis=1)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True), {"model_runner": "zmq", "model_name": "momentum"}


if __name__ == "__main__":
    serve(predict, int(sys.argv[1]) if len(sys.argv) > 1 else 5555)
