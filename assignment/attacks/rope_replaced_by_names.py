# expect: no_points
# about: returns its input with other names
# task: rope
# place: body
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    return query, key
