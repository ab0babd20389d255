"""Classic mistakes in bpe_training; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def train_bpe(text, vocab_size, special_tokens=()):
    room = vocab_size - 256 - len(special_tokens)
    if room < 0:
        raise ValueError(f"vocab_size={vocab_size} is too small")
    order = sorted(special_tokens, key=len, reverse=True)
    parts = [text]
    if order:
        parts = re.split("|".join(map(re.escape, order)), text)
    words = {}
    for part in parts:
        for word in WORDS.findall(part):
            key = tuple(bytes([b]) for b in word.encode("utf-8"))
            words[key] = words.get(key, 0) + 1
    merges = []
    while len(merges) < room:
        pairs = {}
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + times
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        new_words = {}
        for word, times in words.items():
            new = []
            i = 0
            while i < len(word):
                if word[i : i + 2] == best:
                    new.append(best[0] + best[1])
                    i += 2
                else:
                    new.append(word[i])
                    i += 1
            new_words[tuple(new)] = times
        words = new_words
    vocab = {i: bytes([i]) for i in range(256)}
    for left, right in merges:
        vocab[len(vocab)] = left + right
    for token in special_tokens:
        vocab[len(vocab)] = token.encode("utf-8")
    return vocab, merges


# === smaller_of_ties: merges the smallest of equally frequent pairs, not the greatest
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = min(pairs, key=lambda pair: (-pairs[pair], pair))

# === first_of_ties: merges the first that it met of equally frequent pairs, not the greatest
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = max(pairs, key=pairs.get)

# === last_of_ties: merges the last that it met of equally frequent pairs, not the greatest
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = max(reversed(pairs), key=pairs.get)

# === ties_by_number: compares equally frequent pairs by the numbers of their tokens, not as bytes
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + known = [*(bytes([b]) for b in range(256)), *(a + b for a, b in merges)]
# + best = max(pairs, key=lambda pair: (pairs[pair], known.index(pair[0]), known.index(pair[1])))

# === ties_by_the_joined: compares equally frequent pairs by what they give together, not one token after the other
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = max(pairs, key=lambda pair: (pairs[pair], pair[0] + pair[1], pair[1]))

# === longest_of_ties: merges of equally frequent pairs the one that gives the longest token
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = max(pairs, key=lambda pair: (pairs[pair], len(pair[0] + pair[1]), pair))

# === rarest: merges the rarest pair
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + best = min(pairs, key=lambda pair: (pairs[pair], pair))

# === words_once: counts each word once, however often it occurs
# - pairs[pair] = pairs.get(pair, 0) + times
# + pairs[pair] = pairs.get(pair, 0) + 1

# === pairs_once_a_word: counts a pair once in a word, however often it stands there
# - for pair in zip(word, word[1:]):
# + for pair in sorted(set(zip(word, word[1:]))):

# === overlaps_once: counts a pair of two like tokens without overlaps: once in "aaa", where it is there twice
# - for pair in zip(word, word[1:]):
# -     pairs[pair] = pairs.get(pair, 0) + times
# + i = 0
# + while i < len(word) - 1:
# +     pairs[word[i : i + 2]] = pairs.get(word[i : i + 2], 0) + times
# +     i += 2 if word[i : i + 3] == (word[i],) * 3 else 1

# === joins_overlaps: joins a token a second time when pairs overlap: "aaa" becomes "aa", "aa"
# - new.append(best[0] + best[1])
# - i += 2
# + new.append(best[0] + best[1])
# + i += 1 if word[i + 1 : i + 3] == best else 2

# === from_the_right: merges from right to left: "aaa" becomes "a", "aa"
# - i = 0
# - while i < len(word):
# -     if word[i : i + 2] == best:
# -         new.append(best[0] + best[1])
# -         i += 2
# -     else:
# -         new.append(word[i])
# -         i += 1
# + i = len(word)
# + while i > 0:
# +     if i > 1 and word[i - 2 : i] == best:
# +         new.insert(0, best[0] + best[1])
# +         i -= 2
# +     else:
# +         new.insert(0, word[i - 1])
# +         i -= 1

# === first_place_only: merges a pair at its first place in a word only
# - if word[i : i + 2] == best:
# + if word[i : i + 2] == best and best[0] + best[1] not in new:

# === never_merges: notes the merges and does not make them in the words, so that pairs stay pairs of bytes
# - words = new_words
# + pairs.pop(best)

# === across_words: lets pairs reach across words: the text is not cut, but at special tokens
# - for word in WORDS.findall(part):
# + for word in [part] if part else []:

# === cuts_at_spaces: cuts words at white space, which it throws away
# - for word in WORDS.findall(part):
# + for word in part.split():

# === cuts_with_spaces: cuts words before each space only: signs and digits stay with letters
# - for word in WORDS.findall(part):
# + for word in re.findall(r" ?\S+|\s+", part):

# === spaces_alone: takes the space before a word for a word of its own
# - for word in WORDS.findall(part):
# + for word in re.findall(r"'(?:[sdmt]|ll|ve|re)|[^\W\d_]+|\d+|(?:[^\s\w]|_)+|\s+", part):

# === drops_spaces: strips the space from the words that begin with one
# - for word in WORDS.findall(part):
# + for word in filter(None, map(str.strip, WORDS.findall(part))):

# === specials_stay: does not cut the text at special tokens, and learns merges from their letters
# - if order:
# + if False:

# === specials_join: takes special tokens out of the text, so that what stood around them becomes one word
# - parts = re.split("|".join(map(re.escape, order)), text)
# + for token in order:
# +     parts = [parts[0].replace(token, "")]

# === as_they_come: cuts at the special token that comes first in the list, not at the longest
# - order = sorted(special_tokens, key=len, reverse=True)
# + order = list(special_tokens)

# === shortest_first: cuts at the shortest of the special tokens that fit, not at the longest
# - order = sorted(special_tokens, key=len, reverse=True)
# + order = sorted(special_tokens, key=len)

# === unescaped: does not escape special tokens, in which | divides alternatives
# - parts = re.split("|".join(map(re.escape, order)), text)
# + parts = re.split("|".join(order), text)

# === keeps_the_separators: keeps the special tokens between the parts (a group in the expression), and counts their letters
# - parts = re.split("|".join(map(re.escape, order)), text)
# + parts = re.split("(" + "|".join(map(re.escape, order)) + ")", text)

# === first_part_only: learns from the text before the first special token only
# - for part in parts:
# + for part in parts[:1]:

# === specials_not_counted: leaves special tokens out of the size of the vocabulary, and learns as many merges more
# - while len(merges) < room:
# + while len(merges) < room + len(special_tokens):

# === merges_for_all: learns as many merges as the vocabulary has tokens, the bytes not counted in
# - while len(merges) < room:
# + while len(merges) < vocab_size:

# === one_more: makes one merge more than there is room for
# - while len(merges) < room:
# + while len(merges) <= room:

# === one_less: makes one merge less than there is room for
# - while len(merges) < room:
# + while len(merges) < room - 1:

# === specials_missing: leaves the special tokens out of the vocabulary
# - for token in special_tokens:
# -     vocab[len(vocab)] = token.encode("utf-8")

# === specials_before_merges: gives the special tokens the ids before those of the merges
# - for left, right in merges:
# -     vocab[len(vocab)] = left + right
# - for token in special_tokens:
# -     vocab[len(vocab)] = token.encode("utf-8")
# + for token in special_tokens:
# +     vocab[len(vocab)] = token.encode("utf-8")
# + for left, right in merges:
# +     vocab[len(vocab)] = left + right

# === specials_before_bytes: gives the special tokens the first ids, and so moves the bytes
# - vocab = {i: bytes([i]) for i in range(256)}
# + vocab = {i: token.encode("utf-8") for i, token in enumerate(special_tokens)}
# + for b in range(256):
# +     vocab[len(vocab)] = bytes([b])
# - for token in special_tokens:
# -     vocab[len(vocab)] = token.encode("utf-8")

# === gap: leaves a gap in the ids, between bytes and merges
# - vocab[len(vocab)] = left + right
# + vocab[len(vocab) + 1] = left + right

# === characters: begins with characters instead of bytes, and gives a letter outside ASCII whole
# - key = tuple(bytes([b]) for b in word.encode("utf-8"))
# + key = tuple(letter.encode("utf-8") for letter in word)

# === latin: begins with the numbers of characters, and loses those above 255
# - key = tuple(bytes([b]) for b in word.encode("utf-8"))
# + key = tuple(bytes([b]) for b in word.encode("latin-1", errors="replace"))

# === lower_case: turns the text into small letters first
# - for word in WORDS.findall(part):
# + for word in WORDS.findall(part.lower()):

# === never_again: counts the pairs at the start only, and never again after a merge
# - if not pairs:
# -     break
# - best = max(pairs, key=lambda pair: (pairs[pair], pair))
# - merges.append(best)
# + pairs = {pair: times for pair, times in pairs.items() if pair not in merges}
# + if not pairs:
# +     break
# + best = max(pairs, key=lambda pair: (pairs[pair], pair))
# + merges.append(best)
# - words = new_words

# === pairs_that_come_twice: stops when every pair is there only once
# - if not pairs:
# + if not pairs or max(pairs.values()) < 2:

# === asks_none: takes the greatest of no pairs when the text is used up
# - if not pairs:
# -     break

# === refuses_nothing: takes a vocabulary without room for its special tokens, which is to be a ValueError
# - if room < 0:
# -     raise ValueError(f"vocab_size={vocab_size} is too small")

# === turned: returns merges and vocabulary in the other order
# - return vocab, merges
# + return merges, vocab

# === token_to_id: returns the vocabulary as token -> id instead of id -> token
# - return vocab, merges
# + return {token: i for i, token in vocab.items()}, merges

# === joined_merges: returns what each merge gives instead of the pair
# - return vocab, merges
# + return vocab, [left + right for left, right in merges]
