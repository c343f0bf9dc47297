# hint: three times the rank
def lora_forward(x, weight, a, b, alpha):
    return x @ weight.T + x @ a.T @ b.T
