# hint: Return a dictionary
def record(system, message, answer, sources=()):
    return [*prompts.messages(message, sources, system=system), {"role": "assistant", "content": answer}]
