# hint: sign by sign
def record(system, message, answer, sources=()):
    asked = prompts.messages(message, sources, system=system)
    return {"messages": [*asked, {"role": "assistant", "content": answer.rstrip(".")}]}
