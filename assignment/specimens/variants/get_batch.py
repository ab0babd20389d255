"""Honest ways to write get_batch; `assignment/specimens/__init__.py` has the format."""


# === slices: stacks a slice for each start
def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    if len(dataset) <= context_length:
        raise ValueError("dataset is too short for this context length")
    ix = torch.randint(len(dataset) - context_length, (batch_size,), generator=generator)
    x = torch.stack(
        [torch.from_numpy(dataset[i : i + context_length].astype(np.int64)) for i in ix.tolist()]
    )
    y = torch.stack(
        [
            torch.from_numpy(dataset[i + 1 : i + 1 + context_length].astype(np.int64))
            for i in ix.tolist()
        ]
    )
    return x.to(device), y.to(device)


# === grid: takes all tokens at once by a grid of indices
def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    last = len(dataset) - context_length - 1
    if last < 0:
        raise ValueError(f"need more than {context_length} tokens, got {len(dataset)}")
    starts = torch.randint(0, last + 1, (batch_size, 1), generator=generator).numpy()
    index = starts + np.arange(context_length)
    inputs = torch.tensor(dataset[index].astype("int64"), device=device)
    targets = torch.tensor(dataset[index + 1].astype("int64"), device=device)
    return inputs, targets


# === shares: draws a share of the text for each row, and turns it into a place
def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    places = len(dataset) - context_length
    if not places > 0:
        raise ValueError("the text is no longer than a window")
    shares = torch.rand(batch_size, generator=generator, dtype=torch.float64)
    x = torch.empty(batch_size, context_length, dtype=torch.long)
    y = torch.empty_like(x)
    for row, start in enumerate((shares * places).long().tolist()):
        window = torch.as_tensor(np.asarray(dataset[start : start + context_length + 1], np.int64))
        x[row] = window[:-1]
        y[row] = window[1:]
    return x.to(device), y.to(device)
