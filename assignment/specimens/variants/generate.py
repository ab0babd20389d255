"""Honest ways to write generate; `assignment/specimens/__init__.py` has the format."""


# === while_loop: counts by itself, and knows finished rows by their last token
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
    check_prompt(idx, max_new_tokens, mask, self.config.max_seq_len)
    if mask is None:
        mask = torch.ones_like(idx).bool()
    text, real = pack_left_padded(idx, mask)
    done = [False] * len(text)
    stop_tokens = set(stop_tokens)
    written = 0
    while written < max_new_tokens:
        if text.size(1) > self.config.max_seq_len:
            text, real = keep_last_half(text, real, self.config.max_seq_len)
            cache = None
        if use_cache and self.config.causal and cache is None:
            cache = self.new_cache(text.size(0), self.config.max_seq_len)
        if cache is None:
            logits, _ = self(text, mask=real)
        else:
            start = cache.length
            logits, _ = self(text[:, start:], mask=real[:, start:], cache=cache)
        logits = logits[:, -1, :]
        seen = torch.where(real, text, text[:, -1].unsqueeze(1))
        next_token = choose_token(logits, sampling, generator, seen)
        lp = log_probabilities(logits, next_token)
        for i in range(len(text)):
            if done[i]:
                next_token[i] = text[i, -1]
                lp[i] = 0.0
            elif int(next_token[i]) in stop_tokens:
                done[i] = True
        if logprobs is not None:
            logprobs.append(lp)
        text = torch.cat([text, next_token], dim=1)
        real = torch.cat([real, torch.ones_like(next_token).bool()], dim=1)
        written += 1
        yield next_token
        if all(done):
            break


# === buffers: writes into tensors that are long enough from the start
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
    prompt, kept = pack_left_padded(idx, torch.ones_like(idx).bool() if mask is None else mask)
    B, T = prompt.shape
    tokens = F.pad(prompt, (0, max_new_tokens))
    real = F.pad(kept, (0, max_new_tokens), value=True)
    start, finished = 0, torch.zeros(B, 1, dtype=torch.bool, device=idx.device)
    for end in range(T, T + max_new_tokens):
        view, known = tokens[:, :end], real[:, :end]
        if end - start > limit:  # pack the old text to the right edge of what has been written
            short, marks = keep_last_half(view[:, start:], known[:, start:], limit)
            start = end - short.shape[1]
            tokens[:, start:end], real[:, start:end] = short, marks
            cache = None
        if cache is None and use_cache and self.config.causal:
            cache = self.new_cache(B, min(limit, T + max_new_tokens - start))
        first = start + (cache.length if cache is not None else 0)
        part, marks = tokens[:, first:end], real[:, first:end]
        logits = self(part, mask=None if marks.all() else marks, cache=cache)[0][:, -1]
        text, marks = tokens[:, start:end], real[:, start:end]
        new = choose_token(logits, sampling, generator, torch.where(marks, text, text[:, -1:]))
        if logprobs is not None:
            logprobs.append(torch.where(finished, 0.0, log_probabilities(logits, new)))
        new = torch.where(finished, text[:, -1:], new)
        for stop in stop_tokens:
            finished = finished | (new == stop)
        tokens[:, end : end + 1] = new
        yield new
        if stop_tokens and finished.all():
            return


# === two_functions: reads in an inner function, and always with a mask
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
    check_prompt(idx, max_new_tokens, mask, self.config.max_seq_len)
    tokens, real = pack_left_padded(
        idx, torch.full_like(idx, True, dtype=torch.bool) if mask is None else mask
    )

    def read():
        nonlocal tokens, real, cache
        if tokens.shape[-1] > self.config.max_seq_len:
            tokens, real = keep_last_half(tokens, real, self.config.max_seq_len)
            cache = None
        if not (use_cache and self.config.causal) and cache is None:
            return self(tokens, mask=real)[0].squeeze(1)
        if cache is None:
            cache = self.new_cache(len(tokens))
        n = cache.length
        return self(tokens[:, n:], mask=real[:, n:], cache=cache)[0].squeeze(1)

    going = torch.ones(len(tokens), 1, dtype=torch.bool, device=idx.device)
    for _ in range(max_new_tokens):
        scores = read()
        chosen = choose_token(
            logits=scores,
            sampling=sampling,
            generator=generator,
            seen=torch.where(real, tokens, tokens[:, -1:]),
        )
        if logprobs is not None:
            logprobs.append(torch.log_softmax(scores.float(), -1).gather(1, chosen) * going)
        chosen = torch.where(going, chosen, tokens[:, -1:])
        if stop_tokens:
            stops = torch.tensor(list(stop_tokens), device=idx.device)
            going = going & (chosen != stops).all(dim=1, keepdim=True)
        tokens = torch.hstack((tokens, chosen))
        real = torch.hstack((real, torch.ones_like(going)))
        yield chosen
        if not going.any():
            return
