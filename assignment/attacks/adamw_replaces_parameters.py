# expect: no_points
# about: puts other parameters into the optimizer in place of those that it was given
# task: adamw
# place: body
def step(self, closure=None):
    for group in self.param_groups:
        group["params"] = [torch.nn.Parameter(torch.zeros_like(p)) for p in group["params"]]
    return None
