"""A PyTorch network behind the bot's `zmq(5555)`.

    pip install torch
    python python/examples/torch_model.py [PORT] [MODEL.pt]

Without a TorchScript file it serves a small untrained network with fixed weights, input [n, 16], output [n, 3].
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from perigee_model import serve  # noqa: E402


def load(path=None):
    if path is not None:
        return torch.jit.load(path).eval()
    torch.manual_seed(7)
    layers = torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3), torch.nn.Softmax(dim=1)
    return torch.nn.Sequential(*layers).eval()


def predictor(model):
    def predict(x, metadata):
        with torch.inference_mode():
            # The request's memory is read-only; torch wants its own.
            return model(torch.from_numpy(x.copy())).numpy()

    return predict


if __name__ == "__main__":
    # One small request at a time: more threads would only wait for one another.
    torch.set_num_threads(1)
    model = load(*sys.argv[2:3])
    serve(predictor(model), int(sys.argv[1]) if len(sys.argv) > 1 else 5555)
