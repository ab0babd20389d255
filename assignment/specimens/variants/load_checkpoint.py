"""Honest ways to write load_checkpoint; `assignment/specimens/__init__.py` has the format."""


# === optimizer_first: loads the optimizer first, and leaves weights_only to torch's default
def load_checkpoint(src, model, optimizer):
    checkpoint = torch.load(src, map_location=torch.device("cpu"))
    optimizer.load_state_dict(checkpoint["optimizer"])
    model.load_state_dict(checkpoint["model"])
    iteration = checkpoint["iteration"]
    return iteration


# === opened: opens a path itself
def load_checkpoint(src, model, optimizer):
    if hasattr(src, "read"):
        saved = torch.load(src, weights_only=True, map_location="cpu")
    else:
        with open(src, "rb") as file:
            saved = torch.load(file, weights_only=True, map_location="cpu")
    for target, name in ((model, "model"), (optimizer, "optimizer")):
        target.load_state_dict(saved[name])
    return int(saved["iteration"])


# === copies: compares the names itself and copies tensor by tensor
def load_checkpoint(src, model, optimizer):
    contents = torch.load(src, map_location="cpu", weights_only=True)
    state = model.state_dict()
    if state.keys() != contents["model"].keys():
        raise RuntimeError(f"other names: {state.keys() ^ contents['model'].keys()}")
    with torch.no_grad():
        for name, tensor in state.items():
            tensor.copy_(contents["model"][name])
    optimizer.load_state_dict(contents["optimizer"])
    return contents["iteration"]
