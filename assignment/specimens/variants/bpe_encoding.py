"""Honest ways to write bpe_encoding; `assignment/specimens/__init__.py` has the format."""


# === merge_by_merge: makes all merges in the order in which they were learnt
def encode_bpe(text, vocab, merges, special_tokens=()):
    reverse = {v: k for k, v in vocab.items()}
    if special_tokens:
        specials = sorted(special_tokens, key=len, reverse=True)
        chunks = re.split("(" + "|".join(re.escape(s) for s in specials) + ")", text)
    else:
        chunks = [text]
    out = []
    for chunk in chunks:
        if not chunk:
            continue
        if special_tokens and chunk in special_tokens:
            out.append(reverse[chunk.encode("utf-8")])
            continue
        for match in WORDS.finditer(chunk):
            pieces = [bytes([b]) for b in match.group().encode("utf-8")]
            for a, b in merges:
                i = 0
                while i < len(pieces) - 1:
                    if pieces[i] == a and pieces[i + 1] == b:
                        pieces[i : i + 2] = [a + b]
                    else:
                        i += 1
            out += [reverse[p] for p in pieces]
    return out


# === one_at_a_time: merges one place at a time, the leftmost of the least rank
def encode_bpe(text, vocab, merges, special_tokens=()):
    ids = {token: i for i, token in vocab.items()}
    rank = {}
    for n, (a, b) in enumerate(merges):
        rank.setdefault((ids[a], ids[b]), (n, ids[a + b]))
    known = {}

    def encode_word(word):
        if word in known:
            return known[word]
        tokens = [ids[bytes([b])] for b in word.encode()]
        while True:
            best = None
            for i in range(len(tokens) - 1):
                found = rank.get((tokens[i], tokens[i + 1]))
                if found is not None and (best is None or found[0] < best[0]):
                    best = (found[0], i, found[1])
            if best is None:
                known[word] = tokens
                return tokens
            tokens = tokens[: best[1]] + [best[2]] + tokens[best[1] + 2 :]

    result = []
    rest = text
    while rest:
        places = []
        for special in special_tokens:
            at = rest.find(special)
            if at >= 0:
                places.append((at, -len(special), special))
        at, _, special = min(places) if places else (len(rest), 0, None)
        for word in WORDS.findall(rest[:at]):
            result.extend(encode_word(word))
        if special is None:
            break
        result.append(ids[special.encode()])
        rest = rest[at + len(special) :]
    return result


# === recursive: merges in a function that calls itself until nothing is left to merge
def encode_bpe(text, vocab, merges, special_tokens=()):
    to_id = dict(zip(vocab.values(), vocab.keys()))
    order = {pair: i for i, pair in enumerate(merges)}

    def merge(tokens):
        candidates = [(order[p], p) for p in set(zip(tokens, tokens[1:])) if p in order]
        if not candidates:
            return tokens
        _, (a, b) = min(candidates)
        joined, skip = [], False
        for i, token in enumerate(tokens):
            if skip:
                skip = False
            elif token == a and i + 1 < len(tokens) and tokens[i + 1] == b:
                joined.append(a + b)
                skip = True
            else:
                joined.append(token)
        return merge(joined)

    pattern = "|".join(re.escape(s) for s in sorted(special_tokens, key=len)[::-1])
    ids, start = [], 0
    for found in re.finditer(pattern, text) if pattern else ():
        for word in WORDS.findall(text[start : found.start()]):
            ids += [to_id[t] for t in merge([bytes((b,)) for b in word.encode()])]
        ids.append(to_id[found.group().encode()])
        start = found.end()
    for word in WORDS.findall(text[start:]):
        ids += [to_id[t] for t in merge([bytes((b,)) for b in word.encode()])]
    return ids
