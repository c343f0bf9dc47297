# hint: What the frozen layer says
def lora_forward(x, weight, a, b, alpha):
    return alpha / a.shape[0] * (x @ a.T @ b.T)
