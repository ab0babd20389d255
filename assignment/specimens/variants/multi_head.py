"""Honest ways to write multi_head; `assignment/specimens/__init__.py` has the format."""


# === einsum: names the axes
def forward(self, x):
    q, k, v = (
        part(x).unflatten(-1, (self.num_heads, -1)) for part in (self.query, self.key, self.value)
    )
    energy = torch.einsum("bqhd,bkhd->bhqk", q, k) * q.size(-1) ** -0.5
    attn = torch.softmax(energy, dim=3)
    out = torch.einsum("bhqk,bkhd->bqhd", self.dropout(attn), v)
    return self.output(out.flatten(2)), attn


# === head_by_head: one head after the other
def forward(self, x):
    d_head = x.size(-1) // self.num_heads
    Q, K, V = self.query(x), self.key(x), self.value(x)
    outs, maps = [], []
    for h in range(self.num_heads):
        cols = slice(h * d_head, (h + 1) * d_head)
        scores = torch.bmm(Q[..., cols], K[..., cols].transpose(1, 2)) / d_head**0.5
        weights = scores.softmax(dim=-1)
        maps.append(weights)
        outs.append(self.dropout(weights) @ V[..., cols])
    return self.output(torch.cat(outs, dim=-1)), torch.stack(maps, dim=1)


# === scaled_query: divides the query beforehand, and takes the softmax by hand
def forward(self, x):
    batch_size, seq_len, d_model = x.size()
    split = lambda t: t.view(batch_size, seq_len, self.num_heads, -1).permute(0, 2, 1, 3)
    Q, K, V = split(self.query(x)), split(self.key(x)), split(self.value(x))
    scores = (Q / math.sqrt(Q.shape[-1])).matmul(K.permute(0, 1, 3, 2))
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    attention = powers / powers.sum(dim=-1, keepdim=True)
    context = torch.matmul(self.dropout(attention), V)
    context = context.permute(0, 2, 1, 3).contiguous().view(batch_size, seq_len, d_model)
    return self.output(context), attention
