"""Classic mistakes in load_checkpoint; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def load_checkpoint(src, model, optimizer):
    contents = torch.load(src, map_location="cpu", weights_only=True)
    model.load_state_dict(contents["model"])
    optimizer.load_state_dict(contents["optimizer"])
    return contents["iteration"]


# === forgets_the_optimizer: does not load the optimizer, which begins anew (or gives its name to the state)
# - optimizer.load_state_dict(contents["optimizer"])

# === moments_alone: loads what the optimizer has gathered and not its settings
# - optimizer.load_state_dict(contents["optimizer"])
# + own = optimizer.state_dict()["param_groups"]
# + optimizer.load_state_dict({"state": contents["optimizer"]["state"], "param_groups": own})

# === groups_alone: loads the optimizer's settings and not what it has gathered for each parameter
# - optimizer.load_state_dict(contents["optimizer"])
# + optimizer.load_state_dict({"state": {}, "param_groups": contents["optimizer"]["param_groups"]})

# === forgets_the_model: does not load the model (or gives its name to the state)
# - model.load_state_dict(contents["model"])

# === parameters_alone: loads the model's parameters and not its buffers
# - model.load_state_dict(contents["model"])
# + with torch.no_grad():
# +     for name, p in model.named_parameters():
# +         p.copy_(contents["model"][name])

# === new_parameters: gives the model new parameters, which the optimizer does not know
# - model.load_state_dict(contents["model"])
# + model.load_state_dict(contents["model"])
# + for name, _ in list(model.named_parameters()):
# +     setattr(model, name, torch.nn.Parameter(contents["model"][name]))

# === not_strict: loads what fits and ignores the rest (strict=False)
# - model.load_state_dict(contents["model"])
# + model.load_state_dict(contents["model"], strict=False)

# === runs_code: lets the file run code (weights_only=False)
# - contents = torch.load(src, map_location="cpu", weights_only=True)
# + contents = torch.load(src, map_location="cpu", weights_only=False)

# === returns_nothing: returns no number, but nothing or the whole dictionary
# - return contents["iteration"]

# === next_iteration: returns the iteration plus 1
# - return contents["iteration"]
# + return contents["iteration"] + 1

# === begins_anew: returns 0
# - return contents["iteration"]
# + return 0

# === other_names: looks for other names than the recipe gives
# - model.load_state_dict(contents["model"])
# + model.load_state_dict(contents["model_state_dict"])

# === other_name_of_the_iteration: looks for the iteration by another name than the recipe gives
# - return contents["iteration"]
# + return contents["step"]

# === whole_for_the_model: loads the whole dictionary into the model
# - model.load_state_dict(contents["model"])
# + model.load_state_dict(contents)

# === paths_alone: takes an open file for a path (or opens it once more)
# - contents = torch.load(src, map_location="cpu", weights_only=True)
# + contents = torch.load(Path(src), map_location="cpu", weights_only=True)

# === files_alone: reads from an open file only, and fails on a path
# - contents = torch.load(src, map_location="cpu", weights_only=True)
# + src.seek(0)
# + contents = torch.load(src, map_location="cpu", weights_only=True)

# === exchanged: exchanges model and optimizer
# - model.load_state_dict(contents["model"])
# - optimizer.load_state_dict(contents["optimizer"])
# + model.load_state_dict(contents["optimizer"])
# + optimizer.load_state_dict(contents["model"])
