# hint: turn W
def lora_forward(x, weight, a, b, alpha):
    return x @ weight + alpha / a.shape[0] * (x @ a.T @ b.T)
