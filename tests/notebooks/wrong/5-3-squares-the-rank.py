# hint: How does the rank come in
def lora_parameters(shapes, rank):
    return sum(rank * rank * (rows + columns) for rows, columns in shapes)
