"""Classic mistakes in get_batch; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def get_batch(dataset, batch_size, context_length, device="cpu", generator=None):
    n, T = len(dataset), context_length
    if n <= T:
        raise ValueError(f"{n} tokens are too few for a context of {T}")
    starts = torch.randint(0, n - T, (batch_size,), generator=generator)
    x = np.stack([dataset[i : i + T] for i in starts.tolist()])
    y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
    x = torch.from_numpy(x.astype(np.int64))
    y = torch.from_numpy(y.astype(np.int64))
    return x.to(device), y.to(device)


# === never_the_last: never begins at the last place, whose window just fits
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, max(1, n - T - 1), (batch_size,), generator=generator)

# === never_the_last_alone: never begins at the last place, and finds none in a text with one
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n - T - 1, (batch_size,), generator=generator)

# === never_the_first: never begins at the first place
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(min(1, n - T - 1), n - T, (batch_size,), generator=generator)

# === beyond_the_end: begins one place too far as well, where the targets lack a token
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n - T + 1, (batch_size,), generator=generator)

# === around_the_end: begins too far as well, and goes on at the beginning of the text
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n, (batch_size,), generator=generator)
# - x = np.stack([dataset[i : i + T] for i in starts.tolist()])
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + x = np.stack([dataset[(i + np.arange(T)) % n] for i in starts.tolist()])
# + y = np.stack([dataset[(i + 1 + np.arange(T)) % n] for i in starts.tolist()])

# === moved_back: moves a start that is too late back to the last place, which it then draws too often
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n, (batch_size,), generator=generator).clamp(max=n - T - 1)

# === multiples_of_t: begins at multiples of the context only, so that windows never overlap
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = T * torch.randint(0, (n - 1) // T, (batch_size,), generator=generator)

# === in_order: takes the windows one after the other, and draws nothing
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.arange(batch_size) % (n - T)

# === always_the_first: takes the first window every time
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.zeros(batch_size, dtype=torch.int64)

# === one_start: draws one start for all rows
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n - T, (1,), generator=generator).repeat(batch_size)

# === without_repeats: draws no start twice, and has too few of them in a short text
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randperm(n - T, generator=generator)[:batch_size]

# === not_shifted: takes the inputs for targets, so that nothing has to be predicted
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = x.copy()

# === shifted_by_two: shifts the targets by two tokens
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = np.stack([dataset[(i + 2 + np.arange(T)) % n] for i in starts.tolist()])

# === shifted_back: shifts the targets the other way: the token before, not the one behind
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = np.stack([dataset[(i - 1 + np.arange(T)) % n] for i in starts.tolist()])

# === rolled: rolls the inputs for targets, whose last one is then the first token of the window
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = np.roll(x, -1, axis=1)

# === next_window: takes the window that follows for targets
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = np.stack([dataset[(i + T + np.arange(T)) % n] for i in starts.tolist()])

# === last_target_only: returns one target for a window, the token behind it
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + y = np.stack([dataset[i + T : i + T + 1] for i in starts.tolist()])

# === one_token_short: cuts inputs and targets from windows of T tokens, so that both have one less
# - x = np.stack([dataset[i : i + T] for i in starts.tolist()])
# - y = np.stack([dataset[i + 1 : i + 1 + T] for i in starts.tolist()])
# + x = np.stack([dataset[i : i + T - 1] for i in starts.tolist()])
# + y = np.stack([dataset[i + 1 : i + T] for i in starts.tolist()])

# === int32: returns another type than int64, such as int32
# - x = torch.from_numpy(x.astype(np.int64))
# - y = torch.from_numpy(y.astype(np.int64))
# + x = torch.from_numpy(x.astype(np.int32))
# + y = torch.from_numpy(y.astype(np.int32))

# === through_int16: goes through int16, in which a token above 32,767 becomes negative
# - x = torch.from_numpy(x.astype(np.int64))
# - y = torch.from_numpy(y.astype(np.int64))
# + x = torch.from_numpy(x.astype(np.int16)).long()
# + y = torch.from_numpy(y.astype(np.int16)).long()

# === as_it_is_stored: returns the type in which the text is stored
# - x = torch.from_numpy(x.astype(np.int64))
# - y = torch.from_numpy(y.astype(np.int64))
# + x = torch.from_numpy(x)
# + y = torch.from_numpy(y)

# === targets_first: returns the targets first
# - return x.to(device), y.to(device)
# + return y.to(device), x.to(device)

# === one_column_a_window: returns (T, B) instead of (B, T)
# - return x.to(device), y.to(device)
# + return x.to(device).T, y.to(device).T

# === stays_here: leaves both on the processor, whatever the device is
# - return x.to(device), y.to(device)
# + return x, y

# === only_inputs_move: moves the inputs to the device and not the targets
# - return x.to(device), y.to(device)
# + return x.to(device), y

# === arrays: returns arrays of NumPy instead of tensors
# - return x.to(device), y.to(device)
# + return x.numpy(), y.numpy()

# === ignores_generator: draws from the global generator instead of the one it was given
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n - T, (batch_size,))

# === numpys_generator: draws from NumPy's generator, which neither the argument nor torch's seed reaches
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = np.random.randint(0, n - T, batch_size)

# === same_each_time: begins with the same seed at every call
# - starts = torch.randint(0, n - T, (batch_size,), generator=generator)
# + starts = torch.randint(0, n - T, (batch_size,), generator=torch.Generator().manual_seed(0))

# === refuses_nothing: takes a text that is no longer than a window, which is to be a ValueError
# - if n <= T:
# -     raise ValueError(f"{n} tokens are too few for a context of {T}")
# + if n <= T:
# +     dataset = np.concatenate([dataset] * (T + 1))
# +     n = len(dataset)

# === refuses_with_another_error: raises another error than a ValueError for a text that is too short
# - raise ValueError(f"{n} tokens are too few for a context of {T}")
# + raise IndexError("the text is too short")

# === refuses_one_too_many: refuses a text that is one token longer than a window, in which one just fits
# - if n <= T:
# + if n <= T + 1:
