"""Classic mistakes in generate; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
@torch.no_grad()
def write(
    self,
    idx,
    max_new_tokens,
    sampling,
    *,
    stop_tokens=(),
    generator=None,
    mask=None,
    logprobs=None,
    use_cache=True,
    cache=None,
):
    limit = self.config.max_seq_len
    check_prompt(idx, max_new_tokens, mask, limit)
    real = torch.ones_like(idx, dtype=torch.bool) if mask is None else mask
    tokens, real = pack_left_padded(idx, real)
    stops = torch.tensor(list(stop_tokens), dtype=idx.dtype, device=idx.device)
    finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
    for _ in range(max_new_tokens):
        if tokens.shape[1] > limit:
            tokens, real = keep_last_half(tokens, real, limit)
            cache = None
        if cache is None and use_cache and self.config.causal:
            cache = self.new_cache(len(idx))
        read = 0 if cache is None else cache.length
        logits, _ = self(tokens[:, read:], mask=real[:, read:], cache=cache)
        logits = logits[:, -1]
        seen = torch.where(real, tokens, tokens[:, -1:])
        new = choose_token(logits, sampling, generator, seen)
        if logprobs is not None:
            own = log_probabilities(logits, new)
            logprobs.append(own.masked_fill(finished, 0.0))
        new = torch.where(finished, tokens[:, -1:], new)
        finished = finished | torch.isin(new, stops)
        tokens = torch.cat((tokens, new), dim=1)
        real = torch.cat((real, torch.ones_like(finished)), dim=1)
        yield new
        if len(stops) and bool(finished.all()):
            return


# === cache_kept_when_cropped: goes on with the old cache when the text is cut to its last half
# - cache = None
# + pass

# === cache_never_used: reads the whole text again for each token, cache or not
# - if cache is None and use_cache and self.config.causal:
# -     cache = self.new_cache(len(idx))
# - read = 0 if cache is None else cache.length
# + cache, read = None, 0

# === cache_always_used: keeps a cache whatever use_cache says
# - if cache is None and use_cache and self.config.causal:
# + if cache is None and self.config.causal:

# === lent_cache_ignored: makes a cache of its own where one is lent
# - finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
# + finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
# + cache = None

# === everything_into_the_cache: reads the whole text into the cache each time, where its beginning is already
# - logits, _ = self(tokens[:, read:], mask=real[:, read:], cache=cache)
# + logits, _ = self(tokens, mask=real, cache=cache)

# === last_token_alone: reads the last token alone from the second step on, without a cache as well
# - read = 0 if cache is None else cache.length
# + read = tokens.shape[1] - 1 if tokens.shape[1] > idx.shape[1] else 0

# === new_cache_for_each_token: makes a new cache for each token
# - if cache is None and use_cache and self.config.causal:
# + if use_cache and self.config.causal:

# === cache_too_small: makes a cache that has room for the prompt alone
# - cache = self.new_cache(len(idx))
# + cache = self.new_cache(len(idx), idx.shape[1])

# === context_not_cropped: does not crop a text that outgrows the context
# - if tokens.shape[1] > limit:
# -     tokens, real = keep_last_half(tokens, real, limit)
# -     cache = None

# === cropped_to_the_limit: keeps as much of a text as the context holds, instead of its last half
# - tokens, real = keep_last_half(tokens, real, limit)
# + tokens, real = pack_left_padded(tokens, real, limit)

# === cropped_too_early: cuts a text to its last half when it fills the context, before it outgrows it
# - if tokens.shape[1] > limit:
# -     tokens, real = keep_last_half(tokens, real, limit)
# + if tokens.shape[1] >= limit:
# +     tokens, real = keep_last_half(tokens, real, limit - 1)

# === first_half_kept: keeps the first half of a text that outgrows the context
# - tokens, real = keep_last_half(tokens, real, limit)
# + tokens, real = tokens[:, : limit // 2], real[:, : limit // 2]

# === finished_rows_go_on: lets a finished row go on while others are not finished
# - new = torch.where(finished, tokens[:, -1:], new)

# === finished_rows_count: records log-probabilities of finished rows as well, where 0 is expected
# - logprobs.append(own.masked_fill(finished, 0.0))
# + logprobs.append(own)

# === finished_too_early: records 0 for the stop token itself, which the model has chosen
# - logprobs.append(own.masked_fill(finished, 0.0))
# + logprobs.append(own.masked_fill(finished | torch.isin(new, stops), 0.0))

# === finished_forgotten: remembers only whether the last token is a stop token of the last step
# - new = torch.where(finished, tokens[:, -1:], new)
# - finished = finished | torch.isin(new, stops)
# + finished = torch.isin(new, stops)

# === never_stops: does not know stop tokens
# - new = torch.where(finished, tokens[:, -1:], new)
# - finished = finished | torch.isin(new, stops)

# === goes_on_when_all_are_finished: fills up to the full length after every row is finished
# - if len(stops) and bool(finished.all()):
# -     return

# === stops_with_the_first: ends as soon as one row is finished
# - if len(stops) and bool(finished.all()):
# + if len(stops) and bool(finished.any()):

# === stop_token_not_written: ends before the last stop token is handed out
# - yield new
# - if len(stops) and bool(finished.all()):
# -     return
# + if len(stops) and bool(finished.all()):
# +     return
# + yield new

# === stop_tokens_of_the_prompt: takes a row for finished whose prompt holds a stop token
# - finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
# + finished = torch.isin(tokens, stops).any(dim=1, keepdim=True)

# === filled_with_zeros: fills a finished row with token 0 instead of its stop token
# - new = torch.where(finished, tokens[:, -1:], new)
# + new = new.masked_fill(finished, 0)

# === filters_ignored: knows the temperature alone, and no top-k or penalty
# - new = choose_token(logits, sampling, generator, seen)
# + from sampling import sample_next
# + new = sample_next(logits, sampling.temperature, generator)

# === temperature_ignored: takes the most likely token whatever the temperature is
# - new = choose_token(logits, sampling, generator, seen)
# + new = logits.argmax(dim=-1, keepdim=True)

# === generator_forgotten: does not hand on the generator, so that a seed changes nothing
# - new = choose_token(logits, sampling, generator, seen)
# + new = choose_token(logits, sampling, None, seen)

# === penalty_forgotten: does not say which tokens are there, so that repetition is not penalised
# - new = choose_token(logits, sampling, generator, seen)
# + new = choose_token(logits, sampling, generator)

# === padding_penalised: takes padding for tokens of the text, and penalises them
# - seen = torch.where(real, tokens, tokens[:, -1:])
# + seen = tokens

# === prompt_not_penalised: penalises the new tokens alone, not those of the prompt
# - seen = torch.where(real, tokens, tokens[:, -1:])
# + seen = tokens[:, idx.shape[1] :] if tokens.shape[1] > idx.shape[1] else None

# === mask_ignored: takes padding for a part of the prompt
# - real = torch.ones_like(idx, dtype=torch.bool) if mask is None else mask
# + real = torch.ones_like(idx, dtype=torch.bool)

# === mask_not_handed_on: packs the prompts, and lets the model see the padding
# - logits, _ = self(tokens[:, read:], mask=real[:, read:], cache=cache)
# + logits, _ = self(tokens[:, read:], cache=cache)

# === new_tokens_are_padding: marks new tokens as padding
# - real = torch.cat((real, torch.ones_like(finished)), dim=1)
# + real = torch.cat((real, torch.zeros_like(finished)), dim=1)

# === log_probabilities_forgotten: records no log-probabilities
# - if logprobs is not None:
# -     own = log_probabilities(logits, new)
# -     logprobs.append(own.masked_fill(finished, 0.0))

# === probabilities_of_the_draw: records log-probabilities after the temperature, not the model's own
# - own = log_probabilities(logits, new)
# + own = log_probabilities(logits / (sampling.temperature or 1), new)

# === one_too_many: writes one token more than asked for
# - for _ in range(max_new_tokens):
# + for _ in range(max_new_tokens + 1):

# === one_too_few: writes one token less than asked for
# - for _ in range(max_new_tokens):
# + for _ in range(max_new_tokens - 1):

# === new_tokens_not_appended: does not append the new tokens to what it reads
# - tokens = torch.cat((tokens, new), dim=1)
# - real = torch.cat((real, torch.ones_like(finished)), dim=1)

# === whole_text_each_time: hands out the whole text each time instead of the new tokens
# - yield new
# + yield tokens

# === all_at_once: hands out the first token when all have been written
# - finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
# + finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
# + written = []
# - yield new
# + written.append(new)
# + if len(written) == max_new_tokens or (len(stops) and bool(finished.all())):
# +     yield from written
