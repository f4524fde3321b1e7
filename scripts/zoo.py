"""Makes many small ONNX models, to see which of the runtime's functions models need (scripts/record-kept.ts).

    python -m venv .venv && .venv/bin/pip install numpy onnx onnxruntime
    .venv/bin/python scripts/zoo.py DIR

Every model takes float32 and casts inside. One that the native runtime refuses is left out, by name.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

DIR = Path(sys.argv[1])
DIR.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(5)
written = []


def const(name, values, kind=np.float32):
    return numpy_helper.from_array(np.asarray(values, kind), name)


def weights(name, *shape):
    return const(name, rng.standard_normal(shape) * 0.3)


def save(name, nodes, shapes, made=(), kind=T.FLOAT, opset=17, outputs=("y",), batch=False, runs=None):
    names = [f"x{index}" for index in range(len(shapes))]
    dims = lambda shape: ["batch", *shape[1:]] if batch else list(shape)
    inputs = [h.make_tensor_value_info(n, T.FLOAT, dims(s)) for n, s in zip(names, shapes)]
    infos = [h.make_tensor_value_info(n, kind, None) for n in outputs]
    graph = h.make_graph(nodes, name, inputs, infos, list(made))
    opsets = [h.make_opsetid("", opset), h.make_opsetid("ai.onnx.ml", 3), h.make_opsetid("com.microsoft", 1)]
    model = h.make_model(graph, opset_imports=opsets, ir_version=9)
    path = DIR / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    feeds = {n: np.abs(rng.standard_normal(s)).astype(np.float32) + 0.1 for n, s in zip(names, shapes)}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(path, options).run(None, feeds)
    except Exception as error:
        print("left out:", name, str(error).splitlines()[0][:150])
        path.unlink()
        return
    written.append(dict(file=path.name, inputs=[dict(name=n, shape=list(s)) for n, s in zip(names, shapes)], batch=batch))


def one(op, shapes, made=(), label="", domain="", opset=17, kind=T.FLOAT, outputs=("y",), **attributes):
    inputs = [f"x{index}" for index in range(len(shapes))] + [m.name for m in made]
    node = h.make_node(op, inputs, list(outputs), domain=domain, **attributes)
    save(f"{op}{label}", [node], shapes, made, kind, opset, outputs[:1])


UNARY = "Abs Neg Exp Log Sqrt Reciprocal Floor Ceil Round Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Erf Sigmoid Relu LeakyRelu Elu Selu Softplus Softsign HardSigmoid HardSwish ThresholdedRelu Celu Identity IsNaN IsInf Softmax LogSoftmax Hardmax Not Mish"
for op in UNARY.split():
    kind = T.BOOL if op in ("IsNaN", "IsInf", "Not") else T.FLOAT
    one(op, [(3, 17)], kind=kind, opset=18 if op == "Mish" else 17)
    one(op, [(1, 3)], kind=kind, label="-small", opset=18 if op == "Mish" else 17)
one("Gelu", [(3, 17)], opset=20)

for op in "Add Sub Mul Div Pow Min Max Mod PRelu Mean Sum".split():
    extra = dict(fmod=1) if op == "Mod" else {}
    for label, pair in {"": [(3, 17), (3, 17)], "-row": [(3, 17), (1, 17)], "-column": [(3, 17), (3, 1)], "-one": [(3, 17), (1,)], "-deep": [(2, 3, 5), (3, 5)]}.items():
        one(op, pair, label=label, **extra)
for op in "Equal Less Greater LessOrEqual GreaterOrEqual".split():
    one(op, [(3, 5), (3, 5)], kind=T.BOOL)
    one(op, [(3, 5), (1,)], kind=T.BOOL, label="-one")
for op in "And Or Xor".split():
    save(op, [h.make_node("Cast", [f"x{i}"], [f"b{i}"], to=T.BOOL) for i in (0, 1)] + [h.make_node(op, ["b0", "b1"], ["y"])], [(3, 5), (3, 5)], kind=T.BOOL)

AS_ATTRIBUTE = "ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split()
for op, keep in itertools.product(AS_ATTRIBUTE, (0, 1)):
    for label, axes in {"-all": None, "-last": [-1], "-first": [0], "-middle": [1], "-two": [0, 2]}.items():
        one(op, [(2, 3, 5)], label=f"{label}{keep}", keepdims=keep, **({} if axes is None else dict(axes=axes)))
for label, axes in {"-last": [-1], "-first": [0], "-middle": [1], "-two": [0, 2]}.items():
    one("ReduceSum", [(2, 3, 5)], [const("axes", axes, np.int64)], label=label, keepdims=1)
    one("ReduceMean", [(2, 3, 5)], [const("axes", axes, np.int64)], label=f"18{label}", opset=18)
one("ReduceSum", [(2, 3, 5)], label="-all")
for op, axis in itertools.product(("ArgMax", "ArgMin"), (0, 1)):
    one(op, [(3, 5)], label=f"{axis}", kind=T.INT64, axis=axis)
one("CumSum", [(3, 5)], [const("axis", 1, np.int64)])
for largest in (0, 1):
    one("TopK", [(3, 9)], [const("k", [4], np.int64)], label=str(largest), outputs=("y", "index"), largest=largest)
    one("TopK", [(3, 9)], [const("k", [1], np.int64)], label=f"-one{largest}", outputs=("y", "index"), largest=largest)

# Matrix products: every remainder of the kernels' tiles.
for m, k, n in itertools.product((1, 2, 3, 4, 5, 9, 33), (1, 3, 8, 17, 64, 130), (1, 3, 4, 15, 16, 33, 64)):
    if (m + k + n) % 3 == 0 or m == 1:
        save(f"gemm-{m}-{k}-{n}", [h.make_node("Gemm", ["x0", "w", "b"], ["y"])], [(m, k)], [weights("w", k, n), weights("b", n)], batch=True)
        save(f"matmul-{m}-{k}-{n}", [h.make_node("MatMul", ["x0", "w"], ["y"])], [(m, k)], [weights("w", k, n)])
for a, b in itertools.product((0, 1), (0, 1)):
    shapes = [(5, 3) if a else (3, 5), (7, 5) if b else (5, 7)]
    one("Gemm", shapes, label=f"-t{a}{b}", transA=a, transB=b, alpha=0.5)
    made = [weights("w", *shapes[1]), weights("b", 1, 7)]
    save(f"Gemm-w{a}{b}", [h.make_node("Gemm", ["x0", "w", "b"], ["y"], transA=a, transB=b, beta=0.5)], shapes[:1], made)
one("MatMul", [(2, 3, 5), (2, 5, 4)], label="-batch")
one("MatMul", [(2, 4, 3, 5), (5, 4)], label="-deep")
one("MatMul", [(5,), (5, 4)], label="-vector")
one("MatMul", [(3, 5), (5,)], label="-column")
one("Einsum", [(2, 3), (3, 4)], equation="ij,jk->ik")

# Layers after a product, which the optimizer fuses.
for op in "Relu Tanh Sigmoid LeakyRelu Elu Softplus Selu HardSigmoid Softmax Clip".split():
    for product in ("Gemm", "MatMulAdd"):
        first = [h.make_node("Gemm", ["x0", "w", "b"], ["s"])] if product == "Gemm" else [h.make_node("MatMul", ["x0", "w"], ["p"]), h.make_node("Add", ["p", "b"], ["s"])]
        more = [const("low", 0.0), const("high", 6.0)] if op == "Clip" else []
        save(f"{product}-{op}", [*first, h.make_node(op, ["s", *[m.name for m in more]], ["a"]), h.make_node("MatMul", ["a", "v"], ["y"])], [(2, 8)], [weights("w", 8, 12), weights("b", 12), weights("v", 12, 3), *more], batch=True)

def conv(label, x, w, op="Conv", then=None, **attributes):
    out = w[1] if op == "ConvTranspose" else w[0]
    nodes = [h.make_node(op, ["x0", "w", "b"], ["c"], **attributes)]
    nodes.append(h.make_node(then or "Identity", ["c"], ["y"]))
    save(f"{op}-{label}", nodes, [x], [weights("w", *w), weights("b", out)])

for channels, filters in ((1, 4), (3, 8), (4, 5), (16, 16), (8, 32)):
    conv(f"2d-{channels}-{filters}", (1, channels, 9, 8), (filters, channels, 3, 3), pads=[1, 1, 1, 1], then="Relu")
    conv(f"2d-plain-{channels}-{filters}", (2, channels, 9, 8), (filters, channels, 3, 2))
    conv(f"point-{channels}-{filters}", (1, channels, 6, 6), (filters, channels, 1, 1))
    conv(f"1d-{channels}-{filters}", (1, channels, 20), (filters, channels, 3), pads=[1, 1], then="Relu")
    conv(f"causal-{channels}-{filters}", (1, channels, 20), (filters, channels, 3), pads=[4, 0], dilations=[2])
    conv(f"stride-{channels}-{filters}", (1, channels, 20), (filters, channels, 5), strides=[2])
conv("depthwise", (1, 8, 9, 8), (8, 1, 3, 3), group=8, pads=[1, 1, 1, 1])
conv("group", (1, 8, 9, 8), (8, 4, 3, 3), group=2)
conv("sigmoid", (1, 4, 9, 8), (8, 4, 3, 3), then="Sigmoid")
conv("tanh", (1, 4, 9, 8), (8, 4, 3, 3), then="Tanh")
conv("leaky", (1, 4, 9, 8), (8, 4, 3, 3), then="LeakyRelu")
conv("t1", (1, 3, 6, 6), (3, 4, 3, 3), op="ConvTranspose", strides=[2, 2])
for op in ("MaxPool", "AveragePool"):
    one(op, [(1, 3, 9, 8)], kernel_shape=[2, 2], strides=[2, 2])
    one(op, [(1, 3, 9, 8)], label="-pads", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    one(op, [(1, 3, 20)], label="-1d", kernel_shape=[2], strides=[2])
for op in ("GlobalAveragePool", "GlobalMaxPool"):
    one(op, [(1, 8, 9, 8)])
    one(op, [(1, 3, 20)], label="-1d")
norm = [weights("scale", 8), weights("shift", 8)]
one("BatchNormalization", [(2, 8, 5)], [*norm, weights("mean", 8), const("var", np.ones(8))])
one("BatchNormalization", [(2, 8)], [*norm, weights("mean", 8), const("var", np.ones(8))], label="-flat")
one("InstanceNormalization", [(2, 8, 5)], norm)
one("LayerNormalization", [(2, 5, 8)], norm, axis=-1)
one("LpNormalization", [(2, 5, 8)])
one("LRN", [(1, 8, 5, 5)], size=3)

for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    for direction, ways in (("forward", 1), ("bidirectional", 2)):
        for hidden, batch in ((4, 1), (16, 1), (17, 2)):
            made = [weights("w", ways, gates * hidden, 5), weights("r", ways, gates * hidden, hidden), weights("b", ways, 2 * gates * hidden)]
            extra = dict(linear_before_reset=1) if op == "GRU" and ways == 1 else {}
            one(op, [(8, batch, 5)], made, label=f"-{direction}-{hidden}", hidden_size=hidden, direction=direction, outputs=("y", "last"), **extra)
made = [weights("w", 1, 32, 5), weights("r", 1, 32, 8), weights("b", 1, 64), weights("v", 8, 3), const("axes", [0], np.int64)]
save("lstm-head", [h.make_node("Transpose", ["x0"], ["t"], perm=[1, 0, 2]), h.make_node("LSTM", ["t", "w", "r", "b"], ["", "last"], hidden_size=8), h.make_node("Squeeze", ["last", "axes"], ["flat"]), h.make_node("MatMul", ["flat", "v"], ["y"])], [(1, 10, 5)], made)

one("Reshape", [(2, 6)], [const("shape", [3, -1], np.int64)])
one("Flatten", [(2, 3, 4)])
for perm in itertools.permutations(range(3)):
    one("Transpose", [(2, 3, 5)], label="-" + "".join(map(str, perm)), perm=list(perm))
one("Transpose", [(2, 3, 4, 5)], label="-deep", perm=[0, 2, 1, 3])
for axis in (0, 1, 2):
    one("Concat", [(2, 3, 4), (2, 3, 4)], label=str(axis), axis=axis)
    save(f"Split{axis}", [h.make_node("Split", ["x0", "parts"], ["a", "c"], axis=axis), h.make_node("Sub", ["a", "c"], ["y"])], [(4, 4, 4)], [const("parts", [2, 2], np.int64)])
    one("Gather", [(3, 4, 5)], [const("index", [2, 0], np.int64)], label=str(axis), axis=axis)
    one("Gather", [(3, 4, 5)], [const("index", 1, np.int64)], label=f"-one{axis}", axis=axis)
one("GatherElements", [(3, 4)], [const("index", [[0, 1, 2, 0]], np.int64)])
one("GatherND", [(3, 4)], [const("index", [[0, 1], [2, 3]], np.int64)])
one("ScatterElements", [(3, 4)], [const("index", [[0, 1, 2, 0]], np.int64), const("updates", [[1, 2, 3, 4]])])
one("ScatterND", [(3, 4)], [const("index", [[0, 1], [2, 3]], np.int64), const("updates", [1, 2])])
for label, (low, high, axes, steps) in {"": ([0, 1], [2, 3], [0, 1], [1, 1]), "-last": ([-1], [9999], [1], [1]), "-back": ([-1], [-9999], [0], [-1]), "-step": ([0], [9999], [1], [2])}.items():
    one("Slice", [(4, 6)], [const("low", low, np.int64), const("high", high, np.int64), const("axes", axes, np.int64), const("steps", steps, np.int64)], label=label)
one("Unsqueeze", [(2, 3)], [const("axes", [0, 3], np.int64)])
one("Squeeze", [(1, 2, 1)], [const("axes", [0, 2], np.int64)])
one("Expand", [(1, 3)], [const("shape", [4, 3], np.int64)])
one("Tile", [(2, 3)], [const("repeats", [2, 2], np.int64)])
for mode in ("constant", "reflect", "edge"):
    one("Pad", [(3, 4)], [const("pads", [1, 0, 1, 2], np.int64)], label=f"-{mode}", mode=mode)
one("Clip", [(3, 5)], [const("low", -1.0), const("high", 1.0)])
save("Where", [h.make_node("Greater", ["x0", "x1"], ["c"]), h.make_node("Where", ["c", "x0", "x1"], ["y"])], [(3, 5), (3, 5)])
save("Where-one", [h.make_node("Greater", ["x0", "x1"], ["c"]), h.make_node("Where", ["c", "x0", "x1"], ["y"])], [(3, 5), (1, 1)])
save("OneHot", [h.make_node("Cast", ["x0"], ["i"], to=T.INT64), h.make_node("OneHot", ["i", "depth", "values"], ["y"])], [(3,)], [const("depth", 4, np.int64), const("values", [0, 1])])
save("Shape", [h.make_node("Shape", ["x0"], ["s"]), h.make_node("ConstantOfShape", ["s"], ["z"]), h.make_node("Add", ["x0", "z"], ["y"])], [(3, 4)], batch=True)
save("Dropout", [h.make_node("Dropout", ["x0"], ["d"]), h.make_node("Mul", ["d", "d"], ["y"])], [(3, 4)])
one("Trilu", [(4, 4)])
one("DepthToSpace", [(1, 8, 2, 2)], blocksize=2)
save("Resize", [h.make_node("Resize", ["x0", "", "scales"], ["y"], mode="linear")], [(1, 1, 4, 4)], [const("scales", [1, 1, 2, 2])])
save("If", [h.make_node("ReduceSum", ["x0"], ["s"], keepdims=0), h.make_node("Greater", ["s", "zero"], ["c"]), h.make_node("If", ["c"], ["y"], then_branch=h.make_graph([h.make_node("Neg", ["x0"], ["t"])], "t", [], [h.make_tensor_value_info("t", T.FLOAT, None)]), else_branch=h.make_graph([h.make_node("Abs", ["x0"], ["e"])], "e", [], [h.make_tensor_value_info("e", T.FLOAT, None)]))], [(3, 4)], [const("zero", 0.0)])
NUMBERS = [T.DOUBLE, T.INT64, T.INT32, T.INT16, T.INT8, T.UINT8, T.UINT16, T.UINT32, T.UINT64, T.BOOL, T.FLOAT16]
for kind in NUMBERS:
    save(f"cast-{kind}", [h.make_node("Cast", ["x0"], ["c"], to=kind), h.make_node("Cast", ["c"], ["y"], to=T.FLOAT)], [(3, 5)])
for kind, op in itertools.product((T.DOUBLE, T.INT64, T.INT32), "Add Sub Mul Div Max Min ReduceMean ReduceMax MatMul Concat Gather Slice Transpose Where Equal Greater Abs Pow Sqrt Sigmoid Tanh Relu Softmax".split()):
    feeds = ["c0"] if op in "ReduceMean ReduceMax Transpose Abs Sqrt Sigmoid Tanh Relu Softmax".split() else ["c0", "c1"]
    made, shapes = [], [(3, 3), (3, 3)][: len(feeds)]
    if op == "Gather":
        feeds, made, shapes = ["c0", "index"], [const("index", [1, 0], np.int64)], shapes[:1]
    if op == "Slice":
        feeds, made, shapes = ["c0", "low", "high"], [const("low", [0], np.int64), const("high", [2], np.int64)], shapes[:1]
    if op == "Where":
        feeds, made = ["mask", "c0", "c1"], [const("mask", [[True, False, True]], bool)]
    casts = [h.make_node("Cast", [f"x{i}"], [f"c{i}"], to=kind) for i in range(len(shapes))]
    extra = dict(axis=0) if op == "Concat" else {}
    save(f"{op}-as-{kind}", [*casts, h.make_node(op, feeds, ["v"], **extra), h.make_node("Cast", ["v"], ["y"], to=T.FLOAT)], shapes, made)

# Quantized weights, as tools write them.
for m, k, n in ((1, 16, 8), (2, 33, 17)):
    made = [const("w", rng.integers(-90, 90, (k, n)), np.int8), const("ws", 0.02), const("wz", 0, np.int8), const("xs", 0.05), const("xz", 128, np.uint8), weights("b", n)]
    save(f"qdq-{m}-{k}-{n}", [h.make_node("QuantizeLinear", ["x0", "xs", "xz"], ["q"]), h.make_node("DequantizeLinear", ["q", "xs", "xz"], ["d"]), h.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]), h.make_node("MatMul", ["d", "wd"], ["p"]), h.make_node("Add", ["p", "b"], ["y"])], [(m, k)], made)
    save(f"dynamic-quant-{m}-{k}-{n}", [h.make_node("DynamicQuantizeLinear", ["x0"], ["q", "s", "z"]), h.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]), h.make_node("Cast", ["i"], ["f"], to=T.FLOAT), h.make_node("Mul", ["s", "ws"], ["sc"]), h.make_node("Mul", ["f", "sc"], ["m"]), h.make_node("Add", ["m", "b"], ["y"])], [(m, k)], [m_ for m_ in made if m_.name in ("w", "ws", "wz", "b")])

# Classical models, as skl2onnx and onnxmltools write them.
ml = dict(domain="ai.onnx.ml")
one("Scaler", [(2, 3)], offset=[0.1, 0.2, 0.3], scale=[1.0, 2.0, 3.0], **ml)
one("Scaler", [(2, 3)], label="-one", offset=[0.1], scale=[2.0], **ml)
for norm_kind in ("L1", "L2", "MAX"):
    one("Normalizer", [(2, 3)], label=norm_kind, norm=norm_kind, **ml)
one("Binarizer", [(2, 3)], threshold=0.5, **ml)
one("Imputer", [(2, 3)], imputed_value_floats=[0.0, 0.0, 0.0], replaced_value_float=float("nan"), **ml)
one("FeatureVectorizer", [(2, 3), (2, 2)], inputdimensions=[3, 2], **ml)
one("ArrayFeatureExtractor", [(2, 3)], [const("index", [2, 0], np.int64)], **ml)
for post in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"):
    for classes in (2, 3):
        coefficients = [float(v) for v in rng.standard_normal(3 * classes)]
        one("LinearClassifier", [(2, 3)], label=f"-{post}-{classes}", kind=T.INT64, outputs=("y", "scores"), coefficients=coefficients, intercepts=[0.1] * classes, classlabels_ints=list(range(classes)), post_transform=post, **ml)
    if post != "PROBIT":
        one("LinearRegressor", [(2, 3)], label=f"-{post}", coefficients=[0.1, 0.2, 0.3], intercepts=[0.5], post_transform=post, **ml)

def forest(trees, depth, features=4):
    ids = dict(nodes_treeids=[], nodes_nodeids=[], nodes_featureids=[], nodes_values=[], nodes_modes=[], nodes_truenodeids=[], nodes_falsenodeids=[])
    leaves = []
    for tree in range(trees):
        inner = 2**depth - 1
        for node in range(2 * inner + 1):
            is_leaf = node >= inner
            row = (tree, node, 0 if is_leaf else int(rng.integers(features)), 0.0 if is_leaf else float(rng.standard_normal()), "LEAF" if is_leaf else "BRANCH_LEQ", 0 if is_leaf else 2 * node + 1, 0 if is_leaf else 2 * node + 2)
            for key, value in zip(ids, row):
                ids[key].append(value)
            if is_leaf:
                leaves.append((tree, node))
    return ids, leaves

for (trees, depth), rows in itertools.product(((1, 2), (3, 3), (60, 4), (120, 5)), (1, 2, 60, 200)):
    ids, leaves = forest(trees, depth)
    values = [float(v) for v in rng.standard_normal(len(leaves)) * 0.1]
    common = dict(**ids, **ml)
    at = dict(treeids=[t for t, _ in leaves], nodeids=[n for _, n in leaves])
    label = f"-{trees}-{depth}-{rows}"
    for aggregate in ("SUM", "AVERAGE"):
        one("TreeEnsembleRegressor", [(rows, 4)], label=f"{label}-{aggregate}", n_targets=1, aggregate_function=aggregate, target_treeids=at["treeids"], target_nodeids=at["nodeids"], target_ids=[0] * len(leaves), target_weights=values, **common)
    for classes, post in ((2, "LOGISTIC"), (2, "NONE"), (3, "SOFTMAX"), (3, "NONE")):
        which = [0] * len(leaves) if classes == 2 else [t % classes for t in at["treeids"]]
        one("TreeEnsembleClassifier", [(rows, 4)], label=f"{label}-{classes}{post}", kind=T.INT64, outputs=("y", "p"), class_treeids=at["treeids"], class_nodeids=at["nodeids"], class_ids=which, class_weights=values, classlabels_int64s=list(range(classes)), post_transform=post, **common)
support = dict(kernel_type="RBF", kernel_params=[0.5, 0.0, 3.0])
one("SVMRegressor", [(2, 3)], support_vectors=[float(v) for v in rng.standard_normal(12)], coefficients=[0.1, -0.2, 0.3, 0.4], n_supports=4, rho=[0.1], **support, **ml)
one("SVMClassifier", [(2, 3)], kind=T.INT64, outputs=("y", "p"), support_vectors=[float(v) for v in rng.standard_normal(12)], coefficients=[0.1, -0.2, 0.3, 0.4], vectors_per_class=[2, 2], rho=[0.1], prob_a=[1.0], prob_b=[0.0], classlabels_ints=[0, 1], **support, **ml)

(DIR / "zoo.json").write_text(json.dumps(written))
print(len(written), "models")
