"""The declared layers as PyTorch modules, written as its documentation would, with the weights of the file."""

import math

import torch
from protocol import layer_tensors
from torch import nn
from torch.nn import functional

ACTIVATIONS = {"RELU": nn.ReLU, "TANH": nn.Tanh, "SIGMOID": nn.Sigmoid, "GELU": lambda: nn.GELU(approximate="tanh")}


def put(parameter, array):
    """Images are [channels, height, width] here, and matrices multiply from the other side."""
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(array.reshape(parameter.shape)))


def activated(module, activation):
    return [module] if activation == "LINEAR" else [module, ACTIVATIONS[activation]()]


def linear(kernel, bias):
    module = nn.Linear(*kernel.shape, bias=bias is not None)
    put(module.weight, kernel.T)
    if bias is not None:
        put(module.bias, bias)
    return module


class Lstm(nn.Module):
    def __init__(self, layer, own):
        super().__init__()
        self.lstm = nn.LSTM(layer["inputShape"][-1], layer["units"], batch_first=True)
        self.sequences = layer["returnSequences"]
        put(self.lstm.weight_ih_l0, own["kernel"].T)
        put(self.lstm.weight_hh_l0, own["recurrent_kernel"].T)
        put(self.lstm.bias_ih_l0, own["bias"])
        # The second bias would be trained too, and the two together learn twice as fast as the declared one.
        nn.init.zeros_(self.lstm.bias_hh_l0).requires_grad_(False)

    def forward(self, x):
        states, _ = self.lstm(x)
        return states if self.sequences else states[:, -1]


class InputEmbedding(nn.Module):
    def __init__(self, layer, own):
        super().__init__()
        self.widths = [column["width"] for column in layer["columns"]]
        self.tables = nn.ModuleList()
        for column in layer["columns"]:
            table = None
            if column["embedding"]:
                table = nn.Embedding.from_pretrained(torch.from_numpy(own[column["feature"] + "/embeddings"]), freeze=False)
            self.tables.append(nn.Identity() if table is None else table)
        ids = [column["embedding"] is not None for column in layer["columns"]]
        self.count = ids.index(False) if False in ids else len(ids)
        assert not any(ids[self.count:]) and sum(self.widths[:self.count]) == self.count

    def forward(self, x):
        ids, numbers = x
        return torch.cat([table(ids[:, i]) for i, table in enumerate(self.tables[: self.count])] + [numbers], 1)


class PositionEmbedding(nn.Module):
    def __init__(self, own):
        super().__init__()
        self.embeddings = nn.Parameter(torch.from_numpy(own["embeddings"]))

    def forward(self, x):
        return x + self.embeddings


class Attention(nn.Module):
    """One product for query, key and value, and PyTorch's own attention."""

    def __init__(self, layer, own):
        super().__init__()
        self.heads, self.size = layer["numHeads"], layer["keyDim"]
        features = layer["inputShape"][-1]
        names = ["query", "key", "value"]
        kernels = [torch.from_numpy(own[f"{name}/kernel"]).reshape(features, -1) for name in names]
        biases = [torch.from_numpy(own[f"{name}/bias"]).reshape(-1) for name in names]
        self.projection = linear(torch.cat(kernels, 1).numpy(), torch.cat(biases).numpy())
        self.output = linear(own["attention_output/kernel"].reshape(-1, features), own["attention_output/bias"])
        self.causal = layer["causal"]

    def forward(self, x):
        batch, time, features = x.shape
        heads = self.projection(x).view(batch, time, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.output(seen.transpose(1, 2).reshape(batch, time, -1))


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Concatenate(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], -1)


class MeanOverTime(nn.Module):
    def forward(self, x):
        return x.mean(1)


def convolution(layer, own):
    module = nn.Conv2d(layer["inputShape"][-1], layer["filters"], layer["kernelSize"], layer["strides"])
    assert layer["padding"] == "VALID" and layer["useBias"] and set(layer["dilationRate"]) == {1}
    put(module.weight, own["kernel"].transpose(3, 2, 0, 1))
    put(module.bias, own["bias"])
    return module


def normalization(layer, own):
    module = nn.LayerNorm(layer["inputShape"][-1], eps=layer["epsilon"])
    put(module.weight, own["gamma"])
    put(module.bias, own["beta"])
    return module


def sequential(layers, tensors):
    """`flattened`: the shape of the image that the layer before made a list, here with its channels first."""
    modules, flattened = [], None
    for layer in layers:
        own, kind = layer_tensors(layer, tensors), layer["type"]
        if kind == "dense":
            kernel = own["kernel"]
            if flattened is not None:
                height, width, channels = flattened
                kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
                kernel = kernel.reshape(math.prod(flattened), -1)
            module = linear(kernel, own.get("bias"))
            # The loss functions take the output layer's logits.
            modules += [module] if layer["name"] == "output" else activated(module, layer["activation"])
        elif kind == "conv2d":
            modules += activated(convolution(layer, own), layer["activation"])
        elif kind == "residual":
            modules.append(Residual(sequential(layer["layers"], own)))
        elif kind == "parallel":
            parts = [layer_tensors({"name": f"branch_{index}"}, own) for index in range(len(layer["branches"]))]
            assert layer["merge"] == "CONCATENATE"
            modules.append(Concatenate([sequential(*branch) for branch in zip(layer["branches"], parts)]))
        else:
            modules.append(SIMPLE[kind](layer, own))
        image = kind == "flatten" and len(layer["inputShape"]) == 3
        flattened = layer["inputShape"] if image else flattened if kind == "dropout" else None
    return nn.Sequential(*modules)


SIMPLE = {
    "dropout": lambda layer, own: nn.Dropout(layer["rate"]),
    "maxPooling2d": lambda layer, own: nn.MaxPool2d(layer["poolSize"], layer["strides"]),
    "flatten": lambda layer, own: nn.Flatten(),
    "reshape": lambda layer, own: nn.Unflatten(1, layer["targetShape"]),
    "layerNormalization": normalization,
    "embedding": lambda layer, own: nn.Embedding.from_pretrained(torch.from_numpy(own["embeddings"]), freeze=False),
    "positionEmbedding": lambda layer, own: PositionEmbedding(own),
    "inputEmbedding": InputEmbedding,
    "lstm": Lstm,
    "multiHeadAttention": Attention,
    "globalAveragePooling1d": lambda layer, own: MeanOverTime(),
}
