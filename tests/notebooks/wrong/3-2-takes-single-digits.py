# hint: not two digits
def numbers_of(mark):
    return [int(sign) for sign in mark if sign.isdigit()]
