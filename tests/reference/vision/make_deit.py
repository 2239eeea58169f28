#!/usr/bin/env python3
"""A random little DeiT with two heads in Hugging Face's layout, and what PyTorch computes with it in float64: python3 make_deit.py deit"""
import json, struct, sys
import numpy as np, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
folder = sys.argv[1]
dim, heads, inner, blocks, patch, size, classes = 16, 2, 40, 2, 4, 16, 3
tokens = (size // patch) ** 2 + 2
rng = np.random.default_rng(11)
w = {}


def put(name, *shape, scale=0.3, mean=0.0):
    w[name] = (rng.standard_normal(shape) * scale + mean).astype(np.float32)


put("deit.embeddings.cls_token", 1, 1, dim)
put("deit.embeddings.distillation_token", 1, 1, dim)
put("deit.embeddings.position_embeddings", 1, tokens, dim)
put("deit.embeddings.patch_embeddings.projection.weight", dim, 3, patch, patch)
put("deit.embeddings.patch_embeddings.projection.bias", dim)
for i in range(blocks):
    p = f"deit.encoder.layer.{i}."
    for n in ("attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense"):
        put(p + n + ".weight", dim, dim)
        put(p + n + ".bias", dim)
    put(p + "intermediate.dense.weight", inner, dim)
    put(p + "intermediate.dense.bias", inner)
    put(p + "output.dense.weight", dim, inner)
    put(p + "output.dense.bias", dim)
    for n in ("layernorm_before", "layernorm_after"):
        put(p + n + ".weight", dim, mean=1.0)
        put(p + n + ".bias", dim)
put("deit.layernorm.weight", dim, mean=1.0)
put("deit.layernorm.bias", dim)
for n in ("cls_classifier", "distillation_classifier"):
    put(n + ".weight", classes, dim)
    put(n + ".bias", classes)

pixels = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
t = {k: torch.tensor(v.astype(np.float64)) for k, v in w.items()}
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
x = ((torch.tensor(pixels.astype(np.float64)) / 255 - mean) / std).permute(0, 3, 1, 2)
e = "deit.embeddings."
x = F.conv2d(x, t[e + "patch_embeddings.projection.weight"], t[e + "patch_embeddings.projection.bias"], stride=patch).flatten(2).transpose(1, 2)
x = torch.cat([t[e + "cls_token"].expand(2, -1, -1), t[e + "distillation_token"].expand(2, -1, -1), x], 1) + t[e + "position_embeddings"]
for i in range(blocks):
    p = f"deit.encoder.layer.{i}."
    lin = lambda v, n: v @ t[p + n + ".weight"].T + t[p + n + ".bias"]
    norm = lambda v, n: F.layer_norm(v, (dim,), t[p + n + ".weight"], t[p + n + ".bias"], 1e-12)
    h = norm(x, "layernorm_before")
    split = lambda v: v.reshape(2, tokens, heads, dim // heads).transpose(1, 2)
    q, k, v = (split(lin(h, "attention.attention." + n)) for n in ("query", "key", "value"))
    o = (torch.softmax(q @ k.transpose(2, 3) / (dim // heads) ** 0.5, -1) @ v).transpose(1, 2).reshape(x.shape)
    x = x + lin(o, "attention.output.dense")
    x = x + lin(F.gelu(lin(norm(x, "layernorm_after"), "intermediate.dense")), "output.dense")
x = F.layer_norm(x, (dim,), t["deit.layernorm.weight"], t["deit.layernorm.bias"], 1e-12)
logits = sum(x[:, j] @ t[n + ".weight"].T + t[n + ".bias"] for j, n in enumerate(("cls_classifier", "distillation_classifier"))) / 2


def safetensors(path, tensors):
    header, blob = {"__metadata__": {"format": "pt"}}, b""
    for name, value in tensors.items():
        value = np.ascontiguousarray(value)
        header[name] = {"dtype": "U8" if value.dtype == np.uint8 else "F32", "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + value.nbytes]}
        blob += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + blob)


safetensors(folder + "/model.safetensors", w)
safetensors(folder + "/expected.safetensors", {"pictures": pixels, "embeddings": ((x[:, 0] + x[:, 1]) / 2).numpy().astype(np.float32), "probabilities": torch.softmax(logits, -1).numpy().astype(np.float32)})
json.dump({"architectures": ["DeiTForImageClassificationWithTeacher"], "model_type": "deit", "hidden_size": dim, "intermediate_size": inner, "num_hidden_layers": blocks, "num_attention_heads": heads,
           "image_size": size, "patch_size": patch, "num_channels": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "qkv_bias": True,
           "id2label": {"0": "a", "1": "b", "2": "c"}}, open(folder + "/config.json", "w"), indent=1)
json.dump({"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "do_center_crop": True, "size": 18, "crop_size": size, "resample": 3}, open(folder + "/preprocessor_config.json", "w"), indent=1)
