# hint: a span counts characters
def token_windows(starts, n_characters, size, overlap):
    return [(first, min(first + size, len(starts))) for first in range(0, len(starts), size - overlap)]
