# hint: You counted one of them
def lora_parameters(shapes, rank):
    return sum(rank * rows for rows, columns in shapes)
