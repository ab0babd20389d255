"""Classic mistakes in save_checkpoint; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def save_checkpoint(model, optimizer, iteration, out):
    contents = {}
    contents["model"] = model.state_dict()
    contents["optimizer"] = optimizer.state_dict()
    contents["iteration"] = iteration
    if hasattr(out, "write"):
        torch.save(contents, out)
    else:
        save_tensors(Path(out), contents)


# === forgets_the_optimizer: forgets the optimizer, whose moments are then lost
# - contents["optimizer"] = optimizer.state_dict()

# === groups_alone: saves the optimizer's groups and not what it has gathered for each parameter
# - contents["optimizer"] = optimizer.state_dict()
# + contents["optimizer"] = {"state": {}, "param_groups": optimizer.state_dict()["param_groups"]}

# === moments_alone: saves what the optimizer has gathered and not its groups, so that the rate is lost
# - contents["optimizer"] = optimizer.state_dict()
# + contents["optimizer"] = {"state": optimizer.state_dict()["state"]}

# === forgets_the_model: forgets the model
# - contents["model"] = model.state_dict()

# === parameters_alone: saves the model's parameters and not its buffers
# - contents["model"] = model.state_dict()
# + contents["model"] = {name: p.detach() for name, p in model.named_parameters()}

# === list_of_parameters: saves a list of parameters, without their names
# - contents["model"] = model.state_dict()
# + contents["model"] = [p.detach() for p in model.parameters()]

# === model_itself: saves the model itself instead of its state
# - contents["model"] = model.state_dict()
# + contents["model"] = model

# === optimizer_itself: saves the optimizer itself instead of its state
# - contents["optimizer"] = optimizer.state_dict()
# + contents["optimizer"] = optimizer

# === method_without_a_call: writes state_dict without the brackets that call it
# - contents["model"] = model.state_dict()
# + contents["model"] = model.state_dict

# === exchanged: exchanges model and optimizer
# - contents["model"] = model.state_dict()
# - contents["optimizer"] = optimizer.state_dict()
# + contents["optimizer"] = model.state_dict()
# + contents["model"] = optimizer.state_dict()

# === forgets_the_iteration: forgets the iteration
# - contents["iteration"] = iteration

# === next_iteration: saves the iteration plus 1
# - contents["iteration"] = iteration
# + contents["iteration"] = iteration + 1

# === iteration_zero: saves 0 for the iteration
# - contents["iteration"] = iteration
# + contents["iteration"] = 0

# === other_names: gives the entries other names than the recipe does
# - contents["model"] = model.state_dict()
# - contents["optimizer"] = optimizer.state_dict()
# + contents["model_state_dict"] = model.state_dict()
# + contents["optimizer_state_dict"] = optimizer.state_dict()

# === other_name_of_the_iteration: gives the iteration another name than the recipe does
# - contents["iteration"] = iteration
# + contents["step"] = iteration

# === tuple: saves a tuple of three instead of a dictionary
# - contents["iteration"] = iteration
# + contents["iteration"] = iteration
# + contents = tuple(contents.values())

# === model_state_alone: saves the model's state alone, not within a dictionary
# - contents["iteration"] = iteration
# + contents = model.state_dict()

# === two_writes: writes the three one after the other, so that the file holds several
# - torch.save(contents, out)
# - else:
# -     save_tensors(Path(out), contents)
# + for part in (contents["iteration"], contents["optimizer"], contents["model"]):
# +     torch.save(part, out)
# + else:
# +     for part in (contents["iteration"], contents["optimizer"], contents["model"]):
# +         torch.save(part, out)

# === paths_alone: takes an open file for a path (or opens it once more)
# - if hasattr(out, "write"):
# -     torch.save(contents, out)
# - else:
# -     save_tensors(Path(out), contents)
# + save_tensors(Path(out), contents)

# === pathlib_alone: takes a path that is a text for an open file
# - if hasattr(out, "write"):
# -     torch.save(contents, out)
# - else:
# -     save_tensors(Path(out), contents)
# + if isinstance(out, Path):
# +     save_tensors(out, contents)
# + else:
# +     out.write(b"")
# +     torch.save(contents, out)

# === closes_it: closes the file that it was handed
# - torch.save(contents, out)
# + torch.save(contents, out)
# + out.close()

# === saves_nothing: puts the dictionary together and writes nothing to an open file
# - torch.save(contents, out)
# + pass

# === adds_an_ending: adds an ending of its own to a path
# - save_tensors(Path(out), contents)
# + save_tensors(Path(f"{out}.ckpt"), contents)
