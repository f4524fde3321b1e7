"""The sample bot's model in numpy alone: the network of src/strategies/models/momentum.onnx, out of momentum.json beside this file.

    python python/examples/momentum.py [PORT] [WEIGHTS.json]

The input is [n, 16], the features of src/strategies/features.ts in their order; the answer is [n, 3], the chances of down, flat and up.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from perigee_model import serve  # noqa: E402


def load(path=Path(__file__).with_suffix(".json")):
    layers = json.loads(Path(path).read_text())
    return [(np.array(layer["weights"], np.float32), np.array(layer["bias"], np.float32)) for layer in layers]


def predictor(layers):
    inputs = layers[0][0].shape[0]

    def predict(x, metadata):
        if x.ndim != 2 or x.shape[1] != inputs:
            raise ValueError(f"input is {list(x.shape)}, not [n, {inputs}]")
        for weights, bias in layers[:-1]:
            x = np.maximum(x @ weights + bias, 0)
        weights, bias = layers[-1]
        logits = x @ weights + bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), {"model_runner": "zmq", "model_name": "momentum"}

    return predict


if __name__ == "__main__":
    layers = load(*sys.argv[2:3])
    # Whoever starts this as a part of itself holds its standard input, and PERIGEE_CHILD tells of it.
    serve(predictor(layers), int(sys.argv[1]) if len(sys.argv) > 1 else 5555, end_with_input="PERIGEE_CHILD" in os.environ)
