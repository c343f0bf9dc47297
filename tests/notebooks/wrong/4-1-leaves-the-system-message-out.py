# hint: Three messages
def record(system, message, answer, sources=()):
    asked = prompts.messages(message, sources, system=system)[1:]
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}
