"""A LightGBM classifier behind the bot's `zmq(5555)`: the label and its probabilities.

    pip install lightgbm
    python python/examples/lightgbm_model.py [PORT] [MODEL.txt]

Without a model file it trains a small one on made-up data. Input is [n, 16], output [n, classes] of probabilities; the metadata's `label`
names the likeliest class of the first row.
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from perigee_model import serve  # noqa: E402


def load(path=None):
    if path is not None:
        return lightgbm.Booster(model_file=path)
    rng = np.random.default_rng(7)
    x = rng.standard_normal((600, 16))
    y = np.digitize(x[:, 0] + 0.5 * x[:, 8], [-0.5, 0.5])
    parameters = {"objective": "multiclass", "num_class": 3, "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 7}
    return lightgbm.train(parameters, lightgbm.Dataset(x, y), num_boost_round=10)


def predictor(model):
    def predict(x, metadata):
        probabilities = model.predict(x.reshape(len(x), -1), num_threads=1)
        return probabilities, {"label": str(int(np.argmax(probabilities[0])))}

    return predict


if __name__ == "__main__":
    model = load(*sys.argv[2:3])
    serve(predictor(model), int(sys.argv[1]) if len(sys.argv) > 1 else 5555)
