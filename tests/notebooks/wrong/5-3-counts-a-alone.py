# hint: You counted one of them
def lora_parameters(shapes, rank):
    return sum(rank * columns for rows, columns in shapes)
