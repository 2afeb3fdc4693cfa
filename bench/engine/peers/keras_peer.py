"""Keras 3 on TensorFlow: `keras_peer.py <threads>`. Its own training function, compiled as Keras chooses."""

import sys

import keras
import tensorflow
from protocol import layer_tensors, read_tensors, serve

threads = int(sys.argv[1])
tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
tensorflow.config.threading.set_inter_op_parallelism_threads(1)
layers = keras.layers


def weighted(x, layer, weights):
    """The layer applied, then with the weights of the file, which come in Keras's own order and shapes."""
    made = layer(x)
    layer.set_weights(weights)
    return made


def input_embedding(layer, own, x):
    parts, start = [], 0
    for column in layer["columns"]:
        part = x[:, start : start + column["width"]]
        if column["embedding"]:
            table = layers.Embedding(column["embedding"]["inputDim"], column["embedding"]["outputDim"])
            part = weighted(part[:, 0], table, [own[column["feature"] + "/embeddings"]])
        parts.append(part)
        start += column["width"]
    return layers.Concatenate()(parts)


class PositionEmbedding(layers.Layer):
    def build(self, shape):
        self.embeddings = self.add_weight(shape=shape[1:], name="embeddings")

    def call(self, x):
        return x + self.embeddings


def attention(layer, own, x):
    made = layers.MultiHeadAttention(layer["numHeads"], layer["keyDim"])
    order = [f"{part}/{name}" for part in ["query", "key", "value", "attention_output"] for name in ["kernel", "bias"]]
    output = made(x, x, use_causal_mask=layer["causal"])
    made.set_weights([own[name] for name in order])
    return output


def applied(x, declared, tensors):
    for layer in declared:
        own, kind = layer_tensors(layer, tensors), layer["type"]
        activation = layer.get("activation", "LINEAR").lower()
        both = [own[name] for name in ["kernel", "bias"] if name in own]
        if kind == "dense":
            x = weighted(x, layers.Dense(layer["units"], activation), both)
        elif kind == "conv2d":
            x = weighted(x, layers.Conv2D(layer["filters"], layer["kernelSize"], activation=activation), both)
        elif kind == "lstm":
            weights = [own[name] for name in ["kernel", "recurrent_kernel", "bias"]]
            x = weighted(x, layers.LSTM(layer["units"], return_sequences=layer["returnSequences"]), weights)
        elif kind == "embedding":
            x = weighted(x, layers.Embedding(layer["inputDim"], layer["outputDim"]), [own["embeddings"]])
        elif kind == "positionEmbedding":
            x = weighted(x, PositionEmbedding(), [own["embeddings"]])
        elif kind == "layerNormalization":
            x = weighted(x, layers.LayerNormalization(epsilon=layer["epsilon"]), [own["gamma"], own["beta"]])
        elif kind == "residual":
            x = layers.Add()([x, applied(x, layer["layers"], own)])
        elif kind == "parallel":
            parts = [layer_tensors({"name": f"branch_{index}"}, own) for index in range(len(layer["branches"]))]
            x = layers.Concatenate()([applied(x, *branch) for branch in zip(layer["branches"], parts)])
        else:
            x = SIMPLE[kind](layer, own, x)
    return x


SIMPLE = {
    "dropout": lambda layer, own, x: layers.Dropout(layer["rate"])(x),
    "maxPooling2d": lambda layer, own, x: layers.MaxPooling2D(layer["poolSize"], layer["strides"])(x),
    "flatten": lambda layer, own, x: layers.Flatten()(x),
    "reshape": lambda layer, own, x: layers.Reshape(layer["targetShape"])(x),
    "inputEmbedding": input_embedding,
    "multiHeadAttention": attention,
    "globalAveragePooling1d": lambda layer, own, x: layers.GlobalAveragePooling1D()(x),
}


def load(work):
    spec, rule = work["model"], work["optimizer"]["algorithm"]
    tensors = read_tensors(work["tensors"])
    xs = [tensorflow.constant(x) for x in tensors["x"]]
    ys = [tensorflow.constant(y) for y in tensors["y"]]
    keras.utils.set_random_seed(work["seed"])
    entry = keras.Input(shape=spec["inputShape"], batch_size=work["batch"])
    model = keras.Model(entry, applied(entry, spec["layers"], tensors))
    rate = work["optimizer"]["learningRate"]["value"]
    adam = keras.optimizers.Adam(rate, rule["beta1"], rule["beta2"], rule["epsilon"])
    model.compile(adam, loss="categorical_crossentropy" if ys[0].shape[-1] > 1 else "binary_crossentropy")
    model.make_train_function()

    def step(index):
        # What `fit` calls for each batch, without its callbacks. It reports the mean since the last reset.
        model.reset_metrics()
        return float(model.train_function(iter([(xs[index], ys[index])]))["loss"])

    return step


serve({"keras": keras.__version__, "tensorflow": tensorflow.__version__, "python": sys.version.split()[0]}, load)
