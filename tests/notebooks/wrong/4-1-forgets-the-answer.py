# hint: with that role is missing
def record(system, message, answer, sources=()):
    return {"messages": prompts.messages(message, sources, system=system)}
