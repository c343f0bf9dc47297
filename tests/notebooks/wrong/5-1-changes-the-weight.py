# hint: Make a new tensor
def lora_forward(x, weight, a, b, alpha):
    weight += alpha / a.shape[0] * (b @ a)
    return x @ weight.T
