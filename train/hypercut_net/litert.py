"""Runs the .tflite in LiteRT: the other implementation that ours is held against."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class LiteRt:
    """One model, one thread; `reference` picks the plain C++ kernels instead of XNNPACK."""

    def __init__(self, path, reference=False):
        kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        self.interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=kind)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]

    def run(self, picture):
        """uint8 [S, S, C] to int8 [S, S]."""
        self.interpreter.set_tensor(self.input["index"], (picture.astype(np.int16) - 128).astype(np.int8)[None])
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output["index"])[0, :, :, 0]

    def logit(self, picture):
        """uint8 [S, S, C] to a float logit [S, S]."""
        scale, zero = self.output["quantization"]
        return (self.run(picture).astype(np.float32) - zero) * scale
