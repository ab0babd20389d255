"""Honest ways to write rmsnorm; `assignment/specimens/__init__.py` has the format."""


# === by_norm: takes the Euclidean norm and divides it by the root of the number of features
def _norm(self, x):
    squared_length = torch.linalg.vector_norm(x, dim=-1, keepdim=True) ** 2
    rms = torch.sqrt(squared_length / x.shape[-1] + self.eps)
    return x / rms


# === einsum: sums the squares with einsum
def _norm(self, x):
    mean_square = torch.einsum("...c,...c->...", x, x) / x.size(-1)
    scale = (mean_square + self.eps).pow(-0.5)
    return torch.einsum("...c,...->...c", x, scale)


# === float64: computes in float64 and casts back
def _norm(self, x):
    wide = x.double()
    ms = torch.mean(torch.square(wide), -1, True)
    return (wide / torch.sqrt(ms + self.eps)).to(x.dtype)


# === fused: calls the function that torch brings
def _norm(self, x):
    return F.rms_norm(x, (x.shape[-1],), weight=None, eps=self.eps)


# === loop_over_rows: goes through the tokens one by one
def _norm(self, x):
    rows = x.reshape(-1, x.shape[-1])
    result = []
    for i in range(rows.shape[0]):
        row = rows[i]
        total = 0.0
        for value in row:
            total = total + value * value
        mean = total / len(row)
        root = torch.sqrt(mean + self.eps)
        result.append(row / root)
    return torch.stack(result).reshape(x.shape)
