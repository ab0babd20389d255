"""Honest ways to write heads; `assignment/specimens/__init__.py` has the format."""


# === expand: repeats heads by expanding a new axis, and joins them with contiguous and view
def forward(self, x, context=None):
    bsz, seqlen, _ = x.shape
    n_kv, D = self.config.n_kv_heads, self.config.head_dim
    if context is None:
        context = attention_context(self.config, bsz, seqlen, x.device)
    xq = self.compute_query(x).view(bsz, seqlen, self.config.n_heads, D)
    xk = self.compute_key(x).view(bsz, seqlen, n_kv, D)
    xv = self.compute_value(x).view(bsz, seqlen, n_kv, D)
    xq, xk = apply_rotary_emb(
        query=xq,
        key=xk,
        head_dim=D,
        max_seq_len=self.config.max_seq_len,
        theta=self.config.rope_theta,
        positions=context.positions,
        scaling=self.config.rope_scaling,
    )
    if context.cache:
        xk, xv = context.cache.update(self.layer_id, xk, xv)
    S = xk.shape[1]
    xk = xk[:, :, :, None, :].expand(bsz, S, n_kv, self.n_rep, D).reshape(bsz, S, -1, D)
    xv = xv[:, :, :, None, :].expand(bsz, S, n_kv, self.n_rep, D).reshape(bsz, S, -1, D)
    xq, xk, xv = xq.transpose(1, 2), xk.transpose(1, 2), xv.transpose(1, 2)
    output = self.compute_query_key_value_scores(xq, xk, xv, context.visible)
    output = output.transpose(1, 2).contiguous().view(bsz, seqlen, -1)
    return self.resid_dropout(self.compute_output(output))


# === formula_by_hand: writes the softmax out instead of calling the given function
def forward(self, x, context=None):
    B, T, _ = x.shape
    D, H = self.config.head_dim, self.config.n_heads
    context = context or attention_context(self.config, B, T, x.device, None, None)
    q, k, v = (
        torch.unflatten(linear(x), -1, (-1, D))
        for linear in (self.compute_query, self.compute_key, self.compute_value)
    )
    q, k = apply_rotary_emb(
        q,
        k,
        D,
        self.config.max_seq_len,
        self.config.rope_theta,
        context.positions,
        scaling=self.config.rope_scaling,
    )
    if context.cache is not None:
        k, v = context.cache.update(self.layer_id, k, v)
    q = q.reshape(B, T, self.config.n_kv_heads, self.n_rep, D)
    scores = torch.einsum("btgrd,bsgd->bgrts", q, k) / math.sqrt(D)
    scores = scores.reshape(B, H, T, -1)
    if context.visible is not None:
        scores = scores.masked_fill(~context.visible, float("-inf"))
    weights = self.attn_dropout(scores.softmax(dim=-1))
    weights = weights.reshape(B, self.config.n_kv_heads, self.n_rep, T, -1)
    joined = torch.einsum("bgrts,bsgd->btgrd", weights, v).reshape(B, T, H * D)
    return self.resid_dropout(self.compute_output(joined))


# === index: takes for each query head its key/value head by an index, and imports within
def forward(self, x, context=None):
    import cache
    import rope

    B, T, _ = x.shape
    if context is None:
        context = cache.attention_context(self.config, B, T, x.device)
    D = self.config.head_dim
    query = self.compute_query(x).reshape(B, T, self.config.n_heads, D)
    key = self.compute_key(x).reshape(B, T, self.config.n_kv_heads, D)
    value = self.compute_value(x).reshape(B, T, self.config.n_kv_heads, D)
    query, key = rope.apply_rotary_emb(
        query,
        key,
        D,
        self.config.max_seq_len,
        self.config.rope_theta,
        context.positions,
        self.config.rope_scaling,
    )
    if context.cache is not None:
        key, value = context.cache.update(self.layer_id, key, value)
    of_head = torch.arange(self.config.n_heads, device=x.device) // self.n_rep
    key, value = key[:, :, of_head], value[:, :, of_head]
    out = self.compute_query_key_value_scores(
        query.permute(0, 2, 1, 3),
        key.permute(0, 2, 1, 3),
        value.permute(0, 2, 1, 3),
        context.visible,
    )
    heads = [out[:, h] for h in range(self.config.n_heads)]
    return self.resid_dropout(self.compute_output(torch.cat(heads, dim=-1)))


# === loop_over_heads: attends one head after the other
def forward(self, x, context=None):
    B, T, _ = x.shape
    D = self.config.head_dim
    if context is None:
        context = attention_context(self.config, B, T, x.device)
    query = self.compute_query(x).view(B, T, -1, D)
    key = self.compute_key(x).view(B, T, -1, D)
    value = self.compute_value(x).view(B, T, -1, D)
    options = {"scaling": self.config.rope_scaling} if self.config.rope_scaling else {}
    query, key = apply_rotary_emb(
        query, key, D, self.config.max_seq_len, self.config.rope_theta, context.positions, **options
    )
    if context.cache is not None:
        key, value = context.cache.update(self.layer_id, key, value)
    visible = context.visible
    outputs = []
    for h in range(self.config.n_heads):
        q = query[:, :, h][:, None]
        k = key[:, :, h // self.n_rep][:, None]
        v = value[:, :, h // self.n_rep][:, None]
        outputs.append(self.compute_query_key_value_scores(q, k, v, visible)[:, 0])
    out = self.compute_output(torch.cat(outputs, dim=2))
    return F.dropout(out, self.resid_dropout.p, self.training)
