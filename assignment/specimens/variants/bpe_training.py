"""Honest ways to write bpe_training; `assignment/specimens/__init__.py` has the format."""


# === ids: writes words as lists of ids, as a first course on tokenizers does
def train_bpe(text, vocab_size, special_tokens=()):
    num_merges = vocab_size - 256 - len(special_tokens)
    if num_merges < 0:
        raise ValueError("vocab_size must be at least 256 + the number of special tokens")
    if special_tokens:
        pattern = "|".join(re.escape(t) for t in sorted(special_tokens, key=len, reverse=True))
        chunks = re.split(pattern, text)
    else:
        chunks = [text]
    counts = Counter()
    for chunk in chunks:
        for match in re.finditer(WORDS, chunk):
            counts[match.group()] += 1
    words = [(list(word.encode("utf-8")), count) for word, count in counts.items()]
    vocab = {i: bytes([i]) for i in range(256)}
    merges = []
    for n in range(num_merges):
        stats = {}
        for ids, count in words:
            for pair in zip(ids[:-1], ids[1:]):
                stats[pair] = stats.get(pair, 0) + count
        if not stats:
            break
        top = max(stats.values())
        pair = max((p for p in stats if stats[p] == top), key=lambda p: (vocab[p[0]], vocab[p[1]]))
        new_id = 256 + n
        for ids, _ in words:
            i = 0
            while i < len(ids) - 1:
                if ids[i] == pair[0] and ids[i + 1] == pair[1]:
                    ids[i : i + 2] = [new_id]
                i += 1
        vocab[new_id] = vocab[pair[0]] + vocab[pair[1]]
        merges.append((vocab[pair[0]], vocab[pair[1]]))
    for token in special_tokens:
        vocab[len(vocab)] = token.encode("utf-8")
    return vocab, merges


# === incremental: keeps the counts of pairs up to date instead of counting them again
def train_bpe(text, vocab_size, special_tokens=()):
    room = vocab_size - 256 - len(special_tokens)
    if room < 0:
        raise ValueError("too small")
    ordered = sorted(special_tokens, key=len, reverse=True)
    parts = re.split("|".join(map(re.escape, ordered)), text) if ordered else [text]
    counts = Counter(word for part in parts for word in WORDS.findall(part))
    words = [[bytes([b]) for b in word.encode()] for word in counts]
    freqs = list(counts.values())
    pair_counts = Counter()
    where = {}
    for i, word in enumerate(words):
        for pair in zip(word, word[1:]):
            pair_counts[pair] += freqs[i]
            where.setdefault(pair, set()).add(i)
    merges = []
    while len(merges) < room:
        alive = {pair: n for pair, n in pair_counts.items() if n > 0}
        if not alive:
            break
        best = max(alive.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        for i in list(where.get(best, ())):
            old = words[i]
            for pair in zip(old, old[1:]):
                pair_counts[pair] -= freqs[i]
                where[pair].discard(i)
            new = []
            for token in old:
                if new and new[-1] is not None and (new[-1], token) == best:
                    new[-1] = best[0] + best[1]
                    new.append(None)  # a wall: what is joined takes no part in this merge again
                else:
                    new.append(token)
            new = [token for token in new if token is not None]
            words[i] = new
            for pair in zip(new, new[1:]):
                pair_counts[pair] += freqs[i]
                where.setdefault(pair, set()).add(i)
    vocab = dict(enumerate([bytes([b]) for b in range(256)]))
    vocab.update({256 + i: a + b for i, (a, b) in enumerate(merges)})
    vocab.update({256 + len(merges) + i: t.encode() for i, t in enumerate(special_tokens)})
    return vocab, merges


# === every_word: keeps every word of the text by itself, without a count
def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError("vocab_size is too small for the bytes and the special tokens")

    def cut(piece, specials):
        if not specials:
            return [piece]
        found = []
        for part in piece.split(specials[0]):
            found.extend(cut(part, specials[1:]))
        return found

    corpus = []
    for part in cut(text, sorted(special_tokens, key=lambda t: -len(t))):
        for word in WORDS.findall(part):
            corpus.append([word.encode()[i : i + 1] for i in range(len(word.encode()))])
    vocab = {i: bytes([i]) for i in range(256)}
    merges = []
    while len(vocab) < vocab_size - len(special_tokens):
        seen = Counter()
        for word in corpus:
            seen.update(zip(word, word[1:]))
        if len(seen) == 0:
            break
        (a, b), _ = sorted(seen.items(), key=lambda kv: (kv[1], kv[0]))[-1]
        merges.append((a, b))
        vocab[len(vocab)] = a + b
        for word in corpus:
            i = 0
            while i + 1 < len(word):
                if word[i] == a and word[i + 1] == b:
                    word[i] = a + b
                    del word[i + 1]
                i += 1
    for special in special_tokens:
        vocab[len(vocab)] = bytes(special, "utf-8")
    return vocab, merges
