"""Adds to the zoo of zoo.py what the usual libraries' exporters write, default settings included.

    python3.11 -m venv /tmp/real && /tmp/real/bin/pip install -r test/fixtures/onnx/requirements.txt
    /tmp/real/bin/python scripts/zoo.py DIR && /tmp/real/bin/python scripts/zoo-libraries.py DIR

One that cannot be exported, or that the native runtime refuses, is left out, by name.
"""

import itertools
import json
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
import torch
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn import calibration, cluster, decomposition, ensemble, feature_selection, gaussian_process, linear_model, naive_bayes
from sklearn import neighbors, neural_network, pipeline, preprocessing, svm, tree
from torch import nn

DIR = Path(sys.argv[1])
warnings.filterwarnings("ignore")
torch.manual_seed(5)
rng = np.random.default_rng(5)
zoo = json.loads((DIR / "zoo.json").read_text())
before = len(zoo)


def keep(name, shape, batch=True):
    path = DIR / f"{name}.onnx"
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options)
        session.run(None, {session.get_inputs()[0].name: np.zeros(shape, np.float32)})
    except Exception as error:
        print("left out:", name, str(error).splitlines()[0][:120])
        path.unlink(missing_ok=True)
        return
    zoo.append(dict(file=path.name, inputs=[dict(name=session.get_inputs()[0].name, shape=list(shape))], batch=batch))


class Last(nn.Module):
    """The last step of a recurrent layer."""

    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class Attending(nn.Module):
    def __init__(self, first, activation):
        super().__init__()
        self.embed = nn.Linear(6, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 24, 0.0, activation, batch_first=True, norm_first=first)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 3), nn.Softmax(-1))

    def forward(self, x):
        return self.head(self.layers(self.embed(x)).mean(dim=1))


def networks():
    for name in "ReLU GELU SiLU Tanh Sigmoid ELU SELU CELU LeakyReLU PReLU Softplus Softsign Hardswish Hardsigmoid Mish ReLU6 GLU LogSoftmax Tanhshrink".split():
        yield f"dense-{name}", nn.Sequential(nn.Linear(12, 20), getattr(nn, name)(), nn.Linear(10 if name == "GLU" else 20, 3)), (2, 12)
    for wide in (1, 3, 16, 33, 64, 128):
        yield f"wide-{wide}", nn.Sequential(nn.BatchNorm1d(12), nn.Linear(12, wide), nn.ReLU(), nn.LayerNorm(wide), nn.Linear(wide, wide), nn.Tanh(), nn.Linear(wide, 1)), (2, 12)
    for kind, layers, both in itertools.product((nn.LSTM, nn.GRU, nn.RNN), (1, 2), (False, True)):
        width = 8 * (2 if both else 1)
        yield f"{kind.__name__}-{layers}-{both}", Last(kind(6, 8, layers, batch_first=True, bidirectional=both), width), (2, 10, 6)
    for first, activation in itertools.product((False, True), ("relu", "gelu")):
        yield f"attention-{first}-{activation}", Attending(first, activation), (2, 10, 6)
    for kernel, stride, spread in itertools.product((1, 3, 5), (1, 2), (1, 2)):
        yield f"series-{kernel}-{stride}-{spread}", nn.Sequential(nn.Conv1d(6, 8, kernel, stride, padding=2, dilation=spread), nn.BatchNorm1d(8), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 3)), (2, 6, 32)
        yield f"picture-{kernel}-{stride}-{spread}", nn.Sequential(nn.Conv2d(2, 8, kernel, stride, padding=2, dilation=spread, groups=2), nn.BatchNorm2d(8), nn.SiLU(), nn.AvgPool2d(2), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)), (2, 2, 16, 20)
    for norm in (nn.GroupNorm(2, 8), nn.InstanceNorm1d(8, affine=True)):
        yield f"norm-{type(norm).__name__}", nn.Sequential(nn.Conv1d(6, 8, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 30, 2)), (2, 6, 32)


for name, model, shape in networks():
    for opset in (13, 17, 20):
        try:
            axes = {"x": {0: "batch"}}
            path = DIR / f"torch-{name}-{opset}.onnx"
            torch.onnx.export(model.eval(), torch.zeros(shape), path, input_names=["x"], dynamic_axes=axes, opset_version=opset, dynamo=False)
        except Exception as error:
            print("left out:", name, opset, str(error).splitlines()[0][:120])
            continue
        keep(path.stem, shape)

x = rng.standard_normal((300, 6)).astype(np.float32)
target = (x @ rng.standard_normal(6)).astype(np.float32)
two, three = (target > 0).astype(int), np.digitize(target, [-1, 1])

LEARNERS = [
    linear_model.LinearRegression(), linear_model.Ridge(), linear_model.Lasso(0.01), linear_model.ElasticNet(0.01), linear_model.HuberRegressor(),
    linear_model.LogisticRegression(), linear_model.SGDClassifier(loss="log_loss"), linear_model.RidgeClassifier(), linear_model.Perceptron(),
    ensemble.RandomForestRegressor(8, max_depth=5), ensemble.RandomForestClassifier(8, max_depth=5), ensemble.ExtraTreesClassifier(8, max_depth=5),
    ensemble.GradientBoostingRegressor(n_estimators=8), ensemble.GradientBoostingClassifier(n_estimators=8), ensemble.AdaBoostClassifier(n_estimators=5),
    ensemble.HistGradientBoostingRegressor(max_iter=8), ensemble.HistGradientBoostingClassifier(max_iter=8), ensemble.IsolationForest(n_estimators=8),
    tree.DecisionTreeRegressor(max_depth=5), tree.DecisionTreeClassifier(max_depth=5), neighbors.KNeighborsRegressor(), neighbors.KNeighborsClassifier(),
    neural_network.MLPRegressor(hidden_layer_sizes=(12,), max_iter=50), neural_network.MLPClassifier((12,), max_iter=50), svm.SVR(), svm.SVC(probability=True),
    svm.LinearSVR(), svm.LinearSVC(), naive_bayes.GaussianNB(), gaussian_process.GaussianProcessRegressor(), cluster.KMeans(3, n_init=2),
    calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2),
]  # fmt: skip
BEFORE = [
    preprocessing.StandardScaler(), preprocessing.MinMaxScaler(), preprocessing.RobustScaler(), preprocessing.PolynomialFeatures(2),
    preprocessing.Normalizer(), preprocessing.KBinsDiscretizer(4), preprocessing.QuantileTransformer(n_quantiles=20), preprocessing.PowerTransformer(),
    decomposition.PCA(3), feature_selection.VarianceThreshold(),
]  # fmt: skip
made = [(type(each).__name__, each) for each in LEARNERS]
made += [(f"{type(first).__name__}-Ridge", pipeline.make_pipeline(first, linear_model.Ridge())) for first in BEFORE]
for name, model in made:
    is_classifier = hasattr(model, "classes_") or "Classif" in name or name in ("LogisticRegression", "Perceptron", "SVC", "LinearSVC", "GaussianNB", "CalibratedClassifierCV")
    for label, y in ((("-two", two), ("-three", three)) if is_classifier else (("", target),)):
        try:
            model.fit(x, y)
            options = {"zipmap": False} if is_classifier else None
            options = {id(model): options} if options else None
            for suffix, opset in (("", None), ("-17", {"": 17, "ai.onnx.ml": 3})):
                path = DIR / f"sklearn-{name}{label}{suffix}.onnx"
                path.write_bytes(to_onnx(model, x[:1], options=options, target_opset=opset).SerializeToString())
                keep(path.stem, (2, 6))
        except Exception as error:
            print("left out:", name, str(error).splitlines()[0][:120])

holes = np.where(rng.random(x.shape) < 0.1, np.nan, x)
LIGHT = {
    "regression": (target, {}), "l1": (target, {"objective": "l1"}), "quantile": (target, {"objective": "quantile"}), "poisson": (np.abs(target), {"objective": "poisson"}),
    "binary": (two, {"objective": "binary"}), "multiclass": (three, {"objective": "multiclass", "num_class": 3}), "forest": (two, {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}),
    "dart": (target, {"boosting": "dart"}), "rank": (three, {"objective": "lambdarank"}), "entropy": (two, {"objective": "cross_entropy"}),
}  # fmt: skip
for (name, (y, parameters)), (label, given) in itertools.product(LIGHT.items(), (("", x), ("-holes", holes))):
    try:
        data = lightgbm.Dataset(given, y, group=[300] if name == "rank" else None)
        model = lightgbm.train({"verbose": -1, "num_leaves": 8, **parameters}, data, num_boost_round=8)
        for split in (None, 4):
            path = DIR / f"lightgbm-{name}{label}{'-split' if split else ''}.onnx"
            path.write_bytes(convert_lightgbm(model, "m", [("x", FloatTensorType([None, 6]))], zipmap=False, split=split).SerializeToString())
            keep(path.stem, (2, 6))
    except Exception as error:
        print("left out:", name, str(error).splitlines()[0][:120])

(DIR / "zoo.json").write_text(json.dumps(zoo))
print(len(zoo) - before, "models added")
