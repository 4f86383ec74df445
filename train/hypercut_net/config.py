"""Reads config.toml and pins everything that must not vary: threads and seeds."""

import os
import pathlib
import random
import tomllib


def load(path):
    """Returns the configuration as nested dicts, with `here` set to the folder that holds it. A `base` file's values hold where this one has none."""
    path = pathlib.Path(path).resolve()
    config = tomllib.loads(path.read_text())
    if "base" in config:
        base = load(path.parent / config.pop("base"))
        config = base | {name: base[name] | own if isinstance(own, dict) else own for name, own in config.items()}
    config["here"] = path.parent
    return config


def pin(config):
    """Fixes the thread count and all seeds; returns the seed."""
    os.environ.setdefault("OMP_NUM_THREADS", str(config["threads"]))
    import numpy
    import torch

    torch.set_num_threads(config["threads"])
    seed = config["seed"]
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    return seed


def cache(config, name):
    """The path of one prepacked array."""
    return pathlib.Path(config["data"]["cache"]) / name


def run_folder(config):
    """The folder of checkpoints and logs, made on first use."""
    folder = pathlib.Path(config["run"]["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder
