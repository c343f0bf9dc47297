# hint: is the frozen matrix
def lora_parameters(shapes, rank):
    return sum(rank * rows * columns for rows, columns in shapes)
