"""Muon (Jordan et al., 2024): momentum, made orthogonal as a matrix before it is applied.

PyTorch's own takes matrices alone, and a filter in channels-last can't be seen as one; `native_check` compares the two.
"""

import torch


def orthogonal(matrix, steps=5):
    """The nearest orthogonal matrix, roughly: a quintic Newton-Schulz iteration on [N, M]; singular values end in about .7 to 1.2."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon on 4-D weights seen as [outputs, inputs x kernel]. Updates are scaled to the size of AdamW's (Liu et al., 2025: .2 times the
    root of the longer side), so both take the same rate and decay."""

    def __init__(self, parameters, weight_decay, momentum=0.95):
        super().__init__(parameters, dict(lr=0.0, weight_decay=weight_decay, momentum=momentum))

    @torch.no_grad()
    def step(self):
        """Changes every parameter that has a gradient."""
        for group in self.param_groups:
            for value in group["params"]:
                if value.grad is None:
                    continue
                state = self.state[value]
                if not state:
                    state["momentum"] = torch.zeros_like(value)
                average = state["momentum"]
                average.lerp_(value.grad, 1 - group["momentum"])
                ahead = value.grad.lerp(average, group["momentum"])
                update = orthogonal(ahead.flatten(1)).view(value.shape)
                value.mul_(1 - group["lr"] * group["weight_decay"])
                value.add_(update, alpha=-group["lr"] * 0.2 * max(value.shape[0], value[0].numel()) ** 0.5)
