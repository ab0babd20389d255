"""From a text file to a language model: a tokenizer, a corpus of its tokens, a Llama on it."""
