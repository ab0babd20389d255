"""Classic mistakes in bpe_encoding; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def encode_bpe(text, vocab, merges, special_tokens=()):
    ids_of = {token: i for i, token in vocab.items()}
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    order = sorted(special_tokens, key=len, reverse=True)
    parts = [text]
    if order:
        parts = re.split("(" + "|".join(map(re.escape, order)) + ")", text)
    ids = []
    for part in parts:
        if part in order:
            ids.append(ids_of[part.encode("utf-8")])
            continue
        for word in WORDS.findall(part):
            tokens = [bytes([b]) for b in word.encode("utf-8")]
            while len(tokens) > 1:
                pairs = list(zip(tokens, tokens[1:]))
                best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
                if best not in ranks:
                    break
                new = []
                i = 0
                while i < len(tokens):
                    if tuple(tokens[i : i + 2]) == best:
                        new.append(tokens[i] + tokens[i + 1])
                        i += 2
                    else:
                        new.append(tokens[i])
                        i += 1
                tokens = new
            ids.extend(ids_of[token] for token in tokens)
    return ids


# === left_to_right: merges the first pair of the text that is one of the merges, not the one that was learnt first
# - best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
# + best = next((pair for pair in pairs if pair in ranks), pairs[0])

# === once_from_the_left: goes through a word once from left to right and merges whatever it can
# - best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
# - if best not in ranks:
# -     break
# - new = []
# - i = 0
# - while i < len(tokens):
# -     if tuple(tokens[i : i + 2]) == best:
# -         new.append(tokens[i] + tokens[i + 1])
# -         i += 2
# -     else:
# -         new.append(tokens[i])
# -         i += 1
# - tokens = new
# + new = tokens[:1]
# + for token in tokens[1:]:
# +     if (new[-1], token) in ranks:
# +         new[-1] = new[-1] + token
# +     else:
# +         new.append(token)
# + tokens = new
# + break

# === longest_match: takes the longest token that fits, from left to right, and never looks at the merges
# - while len(tokens) > 1:
# + content, tokens = b"".join(tokens), []
# + while content:
# +     size = max(n for n in range(1, len(content) + 1) if content[:n] in ids_of)
# +     tokens.append(content[:size])
# +     content = content[size:]
# + while False:

# === last_first: merges the pair that was learnt last, not the one that was learnt first
# - best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
# + best = max(pairs, key=lambda pair: ranks.get(pair, -1))

# === by_id: merges the pair with the least id in the vocabulary, where the ids may have any order
# - best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
# + best = min(pairs, key=lambda pair: ids_of[pair[0] + pair[1]] if pair in ranks else 10**9)

# === one_merge: makes one merge in a word and stops
# - tokens = new
# + tokens = new
# + break

# === bytes_alone: makes no merge at all
# - while len(tokens) > 1:
# + while False:

# === whole_words: looks a word up as a whole, and makes no merge where it is not there
# - while len(tokens) > 1:
# + if word.encode("utf-8") in ids_of:
# +     tokens = [word.encode("utf-8")]
# + while False:

# === from_the_right: merges from right to left: "aaa" becomes "a", "aa"
# - i = 0
# - while i < len(tokens):
# -     if tuple(tokens[i : i + 2]) == best:
# -         new.append(tokens[i] + tokens[i + 1])
# -         i += 2
# -     else:
# -         new.append(tokens[i])
# -         i += 1
# + i = len(tokens)
# + while i > 0:
# +     if i > 1 and tuple(tokens[i - 2 : i]) == best:
# +         new.insert(0, tokens[i - 2] + tokens[i - 1])
# +         i -= 2
# +     else:
# +         new.insert(0, tokens[i - 1])
# +         i -= 1

# === joins_overlaps: joins a token a second time when pairs overlap: "aaa" becomes "aa", "aa"
# - new.append(tokens[i] + tokens[i + 1])
# - i += 2
# + new.append(tokens[i] + tokens[i + 1])
# + i += 1 if tuple(tokens[i + 1 : i + 3]) == best else 2

# === across_words: does not cut the text into words, and merges across them
# - for word in WORDS.findall(part):
# + for word in [part]:

# === cuts_at_spaces: cuts words at white space, which it throws away
# - for word in WORDS.findall(part):
# + for word in part.split():

# === spaces_alone: takes the space before a word for a word of its own
# - for word in WORDS.findall(part):
# + for word in re.findall(r"'(?:[sdmt]|ll|ve|re)|[^\W\d_]+|\d+|(?:[^\s\w]|_)+|\s+", part):

# === cuts_with_spaces: cuts words before each space only: signs and digits stay with letters
# - for word in WORDS.findall(part):
# + for word in re.findall(r" ?\S+|\s+", part):

# === strips: strips white space at the ends of the text between special tokens
# - for word in WORDS.findall(part):
# + for word in WORDS.findall(part.strip()):

# === specials_are_text: does not look for special tokens, and encodes them as text
# - if order:
# + if False:

# === specials_vanish: cuts the text at special tokens and leaves them out of the ids
# - ids.append(ids_of[part.encode("utf-8")])
# - continue
# + continue

# === as_they_come: cuts at the special token that comes first in the list, not at the longest
# - order = sorted(special_tokens, key=len, reverse=True)
# + order = list(special_tokens)

# === shortest_first: cuts at the shortest of the special tokens that fit, not at the longest
# - order = sorted(special_tokens, key=len, reverse=True)
# + order = sorted(special_tokens, key=len)

# === unescaped: does not escape special tokens, in which | divides alternatives
# - parts = re.split("(" + "|".join(map(re.escape, order)) + ")", text)
# + parts = re.split("(" + "|".join(order) + ")", text)

# === specials_at_the_end: gives the ids of the special tokens after those of all the text
# - ids.append(ids_of[part.encode("utf-8")])
# - continue
# + continue
# - return ids
# + return ids + [ids_of[part.encode("utf-8")] for part in parts if part in order]

# === characters: begins with characters instead of bytes, and does not find a letter outside ASCII
# - tokens = [bytes([b]) for b in word.encode("utf-8")]
# + tokens = [letter.encode("utf-8") for letter in word]

# === numbers_of_characters: takes the numbers of characters for bytes, and fails on those above 255
# - tokens = [bytes([b]) for b in word.encode("utf-8")]
# + tokens = [bytes([ord(letter)]) for letter in word]

# === drops_the_rest: leaves out letters outside ASCII
# - tokens = [bytes([b]) for b in word.encode("utf-8")]
# + tokens = [bytes([b]) for b in word.encode("ascii", errors="ignore")]

# === ids_by_rank: takes 256 + rank for the id of a merge and a byte's value for that of a byte, whatever the vocabulary says
# - ids.extend(ids_of[token] for token in tokens)
# + own = {left + right: 256 + rank for rank, (left, right) in enumerate(merges)}
# + ids.extend(token[0] if len(token) == 1 else own[token] for token in tokens)

# === tokens_for_ids: returns the tokens instead of their ids
# - ids.extend(ids_of[token] for token in tokens)
# + ids.extend(tokens)

# === lists_in_a_list: returns a list for each word instead of one for all
# - ids.extend(ids_of[token] for token in tokens)
# + ids.append([ids_of[token] for token in tokens])

# === last_word_only: returns the ids of the last word only
# - ids.extend(ids_of[token] for token in tokens)
# + ids = [ids_of[token] for token in tokens]

# === never_stops: merges pairs that are none of the merges when no other is left
# - if best not in ranks:
# -     break
# + if best[0] + best[1] not in ids_of and best not in ranks and len(set(tokens)) == 1:
# +     break
