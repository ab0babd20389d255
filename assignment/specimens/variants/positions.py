"""Honest ways to write positions; `assignment/specimens/__init__.py` has the format."""


# === complex: one turn as a complex number
def sine_positions(length, d_model):
    if d_model % 2 == 1:
        raise ValueError(f"d_model={d_model} is odd")
    frequency = 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    turns = torch.polar(
        torch.ones(length, d_model // 2, dtype=torch.float64),
        torch.outer(torch.arange(length, dtype=torch.float64), frequency),
    )
    return torch.stack([turns.imag, turns.real], dim=2).reshape(length, d_model).float()


# === exp_of_log: computes the frequencies as exponentials, as most code does
def sine_positions(length, d_model):
    if d_model % 2 != 0:
        raise ValueError("d_model must be even")
    pe = torch.zeros(length, d_model)
    position = torch.arange(0, length, dtype=torch.float).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe


# === loops: one number at a time
def sine_positions(length, d_model):
    if d_model % 2:
        raise ValueError("d_model must be even")
    table = torch.empty(length, d_model)
    for t in range(length):
        for i in range(d_model // 2):
            angle = t / 10000 ** (2 * i / d_model)
            table[t, 2 * i] = math.sin(angle)
            table[t, 2 * i + 1] = math.cos(angle)
    return table
