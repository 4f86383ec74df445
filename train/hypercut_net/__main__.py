"""python -m hypercut_net COMMAND [--config config.toml]: gather, crop, matte, ask, answers, teach, hold, prepare, look, train, blend, quantize, export, evaluate, sheet."""

import argparse
import importlib

from . import config as configuration

COMMANDS = ("gather", "crop", "matte", "ask", "answers", "teach", "hold", "prepare", "look", "train", "blend", "quantize", "export", "check", "evaluate", "sheet")


def main():
    """Runs one command; each is a module of the same name with a `main(config)`."""
    parser = argparse.ArgumentParser(prog="hypercut_net", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--config", default="config.toml")
    arguments = parser.parse_args()
    config = configuration.load(arguments.config)
    configuration.pin(config)
    importlib.import_module(f".{arguments.command}", __package__).main(config)


if __name__ == "__main__":
    main()
