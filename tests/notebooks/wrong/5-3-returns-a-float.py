# hint: one whole number
def lora_parameters(shapes, rank):
    return float(sum(rank * (rows + columns) for rows, columns in shapes))
