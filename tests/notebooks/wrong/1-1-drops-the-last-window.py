# hint: pieces left over at the end
def token_windows(starts, n_characters, size, overlap):
    spans = []
    for first in range(0, len(starts) - size, size - overlap):
        spans.append((starts[first] if first else 0, starts[first + size]))
    return spans
