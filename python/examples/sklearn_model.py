"""A scikit-learn regressor behind the bot's `zmq(5555)`.

    pip install scikit-learn
    python python/examples/sklearn_model.py [PORT] [MODEL.joblib]

Without a file it fits a small pipeline on made-up data. Input is [n, 16], output [n]. Load only files you made: joblib runs what is in them.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from perigee_model import serve  # noqa: E402


def load(path=None):
    if path is not None:
        import joblib

        return joblib.load(path)
    rng = np.random.default_rng(7)
    x = rng.standard_normal((400, 16))
    return make_pipeline(StandardScaler(), Ridge()).fit(x, x @ np.linspace(1, -1, 16) + 0.1 * rng.standard_normal(400))


def predictor(model):
    def predict(x, metadata):
        return model.predict(x)

    return predict


if __name__ == "__main__":
    model = load(*sys.argv[2:3])
    serve(predictor(model), int(sys.argv[1]) if len(sys.argv) > 1 else 5555)
