"""PyTorch: `torch_peer.py <threads> <variant>`.

eager: what a training loop in its documentation does. fused: the same with the fused Adam. compile: fused, and the
forward and backward pass compiled.
"""

import sys

import torch
from protocol import read_tensors, serve
from torch.nn import functional
from torch_layers import sequential

threads, variant = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


def inputs(model, x):
    """The batches as this model takes them in PyTorch: images with channels first, ids as integers."""
    x, first = torch.from_numpy(x), model["layers"][0]
    if x.dim() == 5:
        return list(x.permute(0, 1, 4, 2, 3).contiguous())
    if first["type"] == "embedding":
        return list(x.long())
    if first["type"] == "inputEmbedding":
        count = sum(column["embedding"] is not None for column in first["columns"])
        return [(batch[:, :count].long(), batch[:, count:].contiguous()) for batch in x]
    return list(x)


def load(work):
    spec, rule = work["model"], work["optimizer"]["algorithm"]
    tensors = read_tensors(work["tensors"])
    xs, y = inputs(spec, tensors["x"]), torch.from_numpy(tensors["y"])
    classes = y.shape[-1] > 1
    ys = list(y.argmax(-1)) if classes else list(y)
    criterion = functional.cross_entropy if classes else functional.binary_cross_entropy_with_logits
    torch.manual_seed(work["seed"])
    model = sequential(spec["layers"], tensors).train()
    optimizer = torch.optim.Adam(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        lr=work["optimizer"]["learningRate"]["value"],
        betas=(rule["beta1"], rule["beta2"]),
        eps=rule["epsilon"],
        fused=True if variant != "eager" else None,
    )

    def loss_of(x, target):
        return criterion(model(x), target)

    if variant == "compile":
        loss_of = torch.compile(loss_of)

    def step(index):
        optimizer.zero_grad()
        loss = loss_of(xs[index], ys[index])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


serve({"torch": torch.__version__, "python": sys.version.split()[0]}, load)
