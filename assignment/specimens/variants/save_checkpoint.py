"""Honest ways to write save_checkpoint; `assignment/specimens/__init__.py` has the format."""


# === torch_alone: leaves it to torch.save, which takes paths and files alike
def save_checkpoint(model, optimizer, iteration, out):
    torch.save(
        dict(model=model.state_dict(), optimizer=optimizer.state_dict(), iteration=iteration), out
    )


# === asks_for_a_path: asks whether it was handed a path
def save_checkpoint(model, optimizer, iteration, out):
    checkpoint = {
        "iteration": iteration,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    if isinstance(out, (str, Path)):
        save_tensors(Path(out), checkpoint)
        return
    torch.save(checkpoint, out)
    out.flush()


# === more: saves copies, and more than what is asked for
def save_checkpoint(model, optimizer, iteration, out):
    contents = {
        "model": {name: x.detach().clone() for name, x in model.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "iteration": int(iteration),
        "rng": torch.get_rng_state(),
    }
    try:
        out.write(b"")
    except AttributeError:
        with open(out, "wb") as file:
            torch.save(contents, file)
    else:
        torch.save(contents, out)
