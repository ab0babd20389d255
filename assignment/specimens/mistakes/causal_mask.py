"""Classic mistakes in causal_mask; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def visible_tokens(T, *, causal, past=0, real=None, device=None):
    S = past + T
    key = torch.arange(S, device=device)
    query = torch.arange(past, S, device=device)[:, None]
    seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
    if real is None:
        return seen
    seen = seen & real[:, None, :]
    seen = seen | (key == query)
    return seen[:, None]


# === additive: returns numbers to be added to the scores, 0 and -inf, where True and False are asked for
# - if real is None:
# -     return seen
# + if real is None:
# +     return torch.zeros(seen.shape).masked_fill(~seen, float("-inf"))
# - return seen[:, None]
# + return torch.zeros(seen.shape).masked_fill(~seen, float("-inf"))[:, None]

# === all_causal: lets no query see a later token, although causal=False allows it
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = key <= query

# === changes_its_input: writes into the table of what is real
# - seen = seen & real[:, None, :]
# + real[:, -1] = True
# + seen = seen & real[:, None, :]

# === corner: marks with triu from the main diagonal, so that a token sees itself and what comes after
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = seen.triu(past) if causal else seen

# === float_ones: returns ones and zeros as floating-point numbers instead of booleans
# - if real is None:
# -     return seen
# + if real is None:
# +     return seen.float()
# - return seen[:, None]
# + return seen[:, None].float()

# === forbidden: marks with True what is forbidden instead of what is allowed
# - if real is None:
# -     return seen
# + if real is None:
# +     return ~seen
# - return seen[:, None]
# + return ~seen[:, None]

# === future_only: lets a query see the later tokens alone
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = key > query if causal else torch.ones(T, S, dtype=torch.bool, device=device)

# === ignores_causal: lets every query see every token that is real
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = torch.ones(T, S, dtype=torch.bool, device=device)

# === ignores_past: counts the queries from 0, although they stand after the past
# - query = torch.arange(past, S, device=device)[:, None]
# + query = torch.arange(T, device=device)[:, None]

# === ignores_real: lets padding be seen
# - seen = seen & real[:, None, :]

# === ignores_real_of_one: takes one new token for one that may see everything, padding in the cache included
# - if real is None:
# + if real is None or T == 1:

# === ignores_real_without_causal: looks at padding only if causal
# - if real is None:
# + if real is None or not causal:

# === itself_at_the_start: lets query t see token t, although it stands at past + t
# - seen = seen | (key == query)
# + seen = seen | torch.eye(T, S, dtype=torch.bool, device=device)

# === itself_for_padding_only: gives only to rows without any True the token itself, and so leaves padding with a view of others
# - seen = seen | (key == query)
# + nothing = ~seen.any(dim=-1, keepdim=True)
# + seen = seen | (nothing & (key == query))

# === last_row_for_all: lets every query see what the last one sees
# - query = torch.arange(past, S, device=device)[:, None]
# + query = torch.full((T, 1), S - 1, device=device)

# === lets_padding_see_all: lets a padding token see everything
# - seen = seen | (key == query)
# + seen = seen | (key == query) | ~real[:, -T:, None]

# === mask_of_T_and_T: makes a (T, T) mask, without the columns of the past
# - key = torch.arange(S, device=device)
# + key = torch.arange(past, S, device=device)
# - seen = seen & real[:, None, :]
# + seen = seen & real[:, None, past:]

# === no_padding_row: lets padding see nothing, not even itself: such a row turns into NaN
# - seen = seen | (key == query)

# === one_sees_one: lets one new token see only the first of the cache
# - query = torch.arange(past, S, device=device)[:, None]
# + query = torch.arange(past, S, device=device)[:, None] if T > 1 else torch.zeros(1, 1)

# === past_at_the_end: puts the columns of the past behind those of the new tokens
# - return seen
# + return seen.roll(-past, dims=-1)

# === real_inverted: takes True in real for padding
# - seen = seen & real[:, None, :]
# + seen = seen & ~real[:, None, :]

# === real_of_the_first_row: takes the padding of the first text for that of all
# - seen = seen & real[:, None, :]
# + seen = seen & real[:1, None, :]

# === real_of_the_query: forbids what a padding token looks at, instead of looking at padding
# - seen = seen & real[:, None, :]
# + seen = seen & real[:, -T:, None]

# === real_or: joins padding and order with or, so that what the one allows is allowed
# - seen = seen & real[:, None, :]
# + seen = seen | real[:, None, :]

# === returns_nothing: returns nothing
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + return None

# === strict: lets no token see itself (< in the place of <=)
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = key < query if causal else torch.ones(T, S, dtype=torch.bool, device=device)

# === token_more: lets a query see one later token
# - seen = key <= query if causal else torch.ones(T, S, dtype=torch.bool, device=device)
# + seen = key <= query + 1 if causal else torch.ones(T, S, dtype=torch.bool, device=device)

# === turned: gives the rows to the keys and the columns to the queries
# - return seen
# + return seen.mT

# === without_the_axis_of_heads: returns (B, T, S), which does not broadcast to (B, H, T, S)
# - return seen[:, None]
# + return seen
