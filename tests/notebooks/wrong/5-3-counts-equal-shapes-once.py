# hint: with its own pair
def lora_parameters(shapes, rank):
    return sum(rank * (rows + columns) for rows, columns in set(shapes))
