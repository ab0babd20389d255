# goes through the tokens one by one
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
