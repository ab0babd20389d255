# goes through positions and pairs one by one in plain Python
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    import math

    batch_size = query.shape[0]
    seqlen = query.shape[1]
    if seqlen > max_seq_len:
        raise ValueError("too many tokens: %d > %d" % (seqlen, max_seq_len))
    if head_dim % 2 != 0 or query.shape[3] != head_dim or key.shape[3] != head_dim:
        raise ValueError("head_dim %d does not fit" % head_dim)

    new_query = torch.zeros_like(query)
    new_key = torch.zeros_like(key)
    for b in range(batch_size):
        for t in range(seqlen):
            # which position is this token at?
            if positions is None:
                m = t
            elif positions.dim() == 1:
                m = int(positions[t])
            else:
                m = int(positions[b, t])
            for i in range(head_dim // 2):
                angle = m * theta ** (-2 * i / head_dim)
                c = math.cos(angle)
                s = math.sin(angle)
                for old, new in [(query, new_query), (key, new_key)]:
                    first = old[b, t, :, 2 * i]
                    second = old[b, t, :, 2 * i + 1]
                    new[b, t, :, 2 * i] = first * c - second * s
                    new[b, t, :, 2 * i + 1] = first * s + second * c
    return new_query, new_key
