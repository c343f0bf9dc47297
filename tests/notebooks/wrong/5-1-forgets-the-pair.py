# hint: counts exactly once
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T
